from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search_service.errors import InvalidFile
from workers.images.maps import edges_of, folder_of_maps


def fill(folder: Path, count: int = 10, *, instances: bool = True) -> Path:
    """Number i has label i everywhere, and from column i on another object."""
    for name in ("A", "B", "instances") if instances else ("A", "B"):
        (folder / name).mkdir()
    for i in range(count):
        Image.fromarray(np.full((4, 8), i, np.uint8)).save(folder / "A" / f"{i}.png")
        Image.fromarray(np.full((4, 8, 3), i, np.uint8)).save(folder / "B" / f"{i}.jpg")
        if instances:
            objects = np.full((4, 8), 24_000, np.uint16)
            objects[:, i:] += 1
            Image.fromarray(objects).save(folder / "instances" / f"{i}.png")
    return folder


def test_maps_and_photographs_of_a_split_keep_together(tmp_path: Path) -> None:
    found = folder_of_maps(fill(tmp_path), "train")
    assert found.maps.shape == (8, 2, 4, 8)
    assert found.photographs.shape == (8, 3, 4, 8)
    assert found.maps[:, 0, 0, 0].tolist() == list(range(8))
    assert np.abs(found.photographs[:, 0, 0, 0].astype(int) - np.arange(8)).max() <= 2


def test_edges_lie_on_both_sides_of_where_objects_meet(tmp_path: Path) -> None:
    found = folder_of_maps(fill(tmp_path), "train")
    assert found.maps[3, 1].tolist() == [[0, 0, 1, 1, 0, 0, 0, 0]] * 4


def test_a_pixel_is_an_edge_when_one_of_its_four_neighbours_is_another_object() -> None:
    objects = np.zeros((5, 5), np.int32)
    objects[2, 2] = 7
    assert edges_of(objects).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert not edges_of(objects[:2]).any()


def test_without_instances_there_are_labels_alone(tmp_path: Path) -> None:
    assert folder_of_maps(fill(tmp_path, instances=False), "search").maps.shape == (1, 1, 4, 8)


def test_places_in_a_palette_are_labels(tmp_path: Path) -> None:
    fill(tmp_path, instances=False)
    for path in (tmp_path / "A").iterdir():
        picture = Image.open(path)
        picture.putpalette([255 - i for i in range(256) for _ in range(3)])
        picture.save(path)
    assert folder_of_maps(tmp_path, "train").maps[:, 0, 0, 0].tolist() == list(range(8))


def test_other_content_has_another_digest(tmp_path: Path) -> None:
    before = folder_of_maps(fill(tmp_path), "train").digest
    assert folder_of_maps(tmp_path, "train").digest == before
    Image.fromarray(np.zeros((4, 8), np.uint16)).save(tmp_path / "instances" / "3.png")
    assert folder_of_maps(tmp_path, "train").digest != before


def test_a_missing_instance_map_is_named(tmp_path: Path) -> None:
    (fill(tmp_path) / "instances" / "8.png").unlink()
    with pytest.raises(InvalidFile, match=r"no 8\.\* in .*instances"):
        folder_of_maps(tmp_path, "search")
    assert len(folder_of_maps(tmp_path, "test").maps) == 1


def test_colour_is_no_label(tmp_path: Path) -> None:
    fill(tmp_path)
    Image.new("RGB", (8, 4)).save(tmp_path / "A" / "0.png")
    with pytest.raises(InvalidFile, match="colour mode RGB: save it as 8-bit grey or palette"):
        folder_of_maps(tmp_path, "train")


@pytest.mark.parametrize(("side", "mode"), [("B", "RGB"), ("instances", "I;16")])
def test_sizes_that_differ_are_refused(tmp_path: Path, side: str, mode: str) -> None:
    fill(tmp_path)
    for path in (tmp_path / side).iterdir():
        Image.new(mode, (8, 8)).save(path)
    with pytest.raises(InvalidFile, match=f"A and .*{side} must hold images of one size"):
        folder_of_maps(tmp_path, "train")
