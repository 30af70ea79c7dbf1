"""Images from files: every one decoded and checked before any is used."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from search_service.errors import InvalidFile

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


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
    return _read_all(paths, ("L", "RGB"), "8-bit grey or RGB").astype(np.uint8, copy=False)


def read_labels(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """uint8 (n, 1, h, w): grey levels, or places in a palette. Raises as `read_images` does."""
    return _read_all(paths, ("L", "P"), "8-bit grey or palette").astype(np.uint8, copy=False)


def read_instances(paths: Sequence[Path]) -> NDArray[np.int32]:
    """int32 (n, 1, h, w): levels of 8 or 16 bits. Raises as `read_images` does."""
    return _read_all(paths, ("L", "P", "I", "I;16"), "8- or 16-bit grey").astype(np.int32)


def _read_all(paths: Sequence[Path], modes: tuple[str, ...], wanted: str) -> NDArray[Any]:
    first = _read(paths[0], modes, wanted)
    images = np.empty((len(paths), *first.shape), first.dtype)
    for place, path in enumerate(paths):
        image = _read(path, modes, wanted)
        if image.shape != first.shape:
            raise InvalidFile(
                f"{path} is {_size(image)}, but {paths[0].name} beside it is {_size(first)}: "
                "all images of a folder must be alike"
            )
        images[place] = image
    return images


def _read(path: Path, modes: tuple[str, ...], wanted: str) -> NDArray[Any]:
    try:
        if path.stat().st_size == 0:
            raise InvalidFile(f"{path} is empty")
        with Image.open(path) as picture:
            if picture.mode not in modes:
                raise InvalidFile(f"{path} has colour mode {picture.mode}: save it as {wanted}")
            pixels = np.asarray(picture)
    except UnidentifiedImageError as error:
        raise InvalidFile(f"{path} is not an image that can be read") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidFile(f"{path} is corrupt: {error}") from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)  # (c, h, w)


def _size(image: NDArray[Any]) -> str:
    channels, height, width = image.shape
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"
