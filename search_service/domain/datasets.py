"""The data sets by name, and how a text names one: `fashion-mnist-32`, `two-folders:/my/images`.

`workers.images` has a reader for each; a test holds the two to each other.
"""

LABELLED = ("fashion-mnist-32", "folder-per-label")  # images, each with a class
TWO_DOMAINS = ("fashion-mnist-boots", "fashion-mnist-edges", "folder-of-pairs", "two-folders")
MAPS = ("folder-of-maps",)  # label maps and photographs
USER_FOLDERS = ("folder-of-maps", "folder-of-pairs", "folder-per-label", "two-folders")
FIXED = tuple(sorted({*LABELLED, *TWO_DOMAINS, *MAPS} - {*USER_FOLDERS}))  # content fixed by name


def name_and_folder(text: str) -> tuple[str, str]:
    """The two parts of a text; the folder is empty where none is named."""
    name, _, folder = text.partition(":")
    return name, folder


def with_folder(name: str, folder: str) -> str:
    """The text for a data set read from there; only a user's own is told by its folder."""
    return f"{name}:{folder}" if name in USER_FOLDERS and folder else name
