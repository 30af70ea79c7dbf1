"""Images from files: every one decoded and checked before any is used."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from search_service.errors import InvalidFile

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
CHANNELS = {"L": 1, "RGB": 3}  # by Pillow's mode


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder by name, files of other endings left out.

    Raises InvalidFile when there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise InvalidFile(f"no folder at {folder}")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    if not found:
        raise InvalidFile(f"{folder} holds no image: a file ending in {', '.join(ENDINGS)}")
    return found


def read_images(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """uint8 (n, c, h, w), c of 1 for grey and 3 for colour; at least one path.

    Raises InvalidFile, naming the file, when one is empty, corrupt, neither grey nor RGB, or of
    another size or other channels than the first.
    """
    first = _read(paths[0])
    images = np.empty((len(paths), *first.shape), np.uint8)
    for place, path in enumerate(paths):
        image = _read(path)
        if image.shape != first.shape:
            raise InvalidFile(
                f"{path} is {_size(image)}, but {paths[0].name} beside it is {_size(first)}: "
                "all images of a folder must be alike"
            )
        images[place] = image
    return images


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        if path.stat().st_size == 0:
            raise InvalidFile(f"{path} is empty")
        with Image.open(path) as picture:
            if picture.mode not in CHANNELS:
                raise InvalidFile(
                    f"{path} has colour mode {picture.mode}: save it as 8-bit grey or RGB"
                )
            pixels = np.asarray(picture)
    except UnidentifiedImageError as error:
        raise InvalidFile(f"{path} is not an image that can be read") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidFile(f"{path} is corrupt: {error}") from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)  # (c, h, w)


def _size(image: NDArray[np.uint8]) -> str:
    channels, height, width = image.shape
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"
