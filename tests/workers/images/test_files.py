from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search_service.errors import InvalidFile
from workers.images.files import image_files, read_images


def save(path: Path, *, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Path:
    """Of (width, height), every image other than the last."""
    rng = np.random.default_rng(len(path.name))
    shape = size[::-1] if mode == "L" else (*size[::-1], 3)
    Image.fromarray(rng.integers(256, size=shape, dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_pixels_come_as_they_were_saved(tmp_path: Path, mode: str, channels: int) -> None:
    paths = [save(tmp_path / f"{name}.png", mode=mode) for name in ("a", "bc")]
    images = read_images(paths)
    assert images.shape == (2, channels, 6, 8)
    with Image.open(paths[1]) as picture:
        pixels = np.asarray(picture).reshape(6, 8, channels)
    assert (images[1].transpose(1, 2, 0) == pixels).all()


def test_files_come_by_name_and_others_are_left_out(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "C.PNG"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    assert [path.name for path in image_files(tmp_path)] == ["C.PNG", "a.jpg", "b.png"]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    with pytest.raises(InvalidFile, match=r"b\.png is empty"):
        read_images([save(tmp_path / "a.png"), tmp_path / "b.png"])


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("ending", ["png", "jpg", "bmp"])
def test_a_truncated_file_is_named(tmp_path: Path, ending: str, kept: float) -> None:
    path = save(tmp_path / f"half.{ending}", size=(64, 64))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InvalidFile, match=rf"half\.{ending} is corrupt"):
        read_images([path])


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_text("hello")
    with pytest.raises(InvalidFile, match=r"b\.png is not an image"):
        read_images([tmp_path / "b.png"])


def test_another_size_is_named_with_both(tmp_path: Path) -> None:
    paths = [save(tmp_path / "a.png"), save(tmp_path / "b.png", size=(8, 7))]
    with pytest.raises(InvalidFile, match=r"b\.png is 8x7 RGB, but a\.png beside it is 8x6 RGB"):
        read_images(paths)


def test_grey_among_colour_is_named(tmp_path: Path) -> None:
    paths = [save(tmp_path / "a.png"), save(tmp_path / "b.png", mode="L")]
    with pytest.raises(InvalidFile, match=r"b\.png is 8x6 grey"):
        read_images(paths)


def test_transparency_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(InvalidFile, match="colour mode RGBA"):
        read_images([tmp_path / "a.png"])


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="holds no image"):
        image_files(tmp_path)
    with pytest.raises(InvalidFile, match="no folder at"):
        image_files(tmp_path / "none")
