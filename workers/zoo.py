"""Where the files shipped with this project are: trained weights, reference statistics."""

from pathlib import Path

from search_service.errors import InvalidFile

# Beside the packages in a checkout; inside this one when installed from a wheel.
PLACES = (Path(__file__).parents[1] / "zoo", Path(__file__).parent / "zoo_files")


def folder() -> Path:
    """The zoo. Raises InvalidFile when this installation came without it."""
    for place in PLACES:
        if place.is_dir():
            return place
    raise InvalidFile(f"no zoo folder: looked for {' and '.join(map(str, PLACES))}")


def path(name: str) -> Path:
    """The shipped file or folder of that name. Raises InvalidFile, listing what there is."""
    found = folder() / name
    if not found.exists():
        known = ", ".join(sorted(entry.name for entry in folder().iterdir()))
        raise InvalidFile(f"the zoo has no {name}; it holds: {known}")
    return found
