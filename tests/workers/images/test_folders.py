from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search_service.errors import InvalidFile
from workers.images.domains import DOMAINS
from workers.images.folders import folder_per_label
from workers.images.splits import SPLITS


def fill(folder: Path, brightness: range, *, side: int = 8, mode: str = "L") -> None:
    """One plain image a level, named by it."""
    folder.mkdir(parents=True, exist_ok=True)
    for level in brightness:
        colour = level if mode == "L" else (level,) * 3
        Image.new(mode, (side, side), colour).save(folder / f"{level:03d}.png")


def test_pairs_are_joined_by_name(tmp_path: Path) -> None:
    fill(tmp_path / "A", range(20))
    fill(tmp_path / "B", range(20), mode="RGB")
    seen: set[int] = set()
    for split in SPLITS:
        data = DOMAINS["folder-of-pairs"](tmp_path, split)
        assert data.paired
        assert data.inputs.shape[1:] == (1, 8, 8)
        assert data.targets.shape[1:] == (3, 8, 8)
        levels = data.inputs[:, 0, 0, 0]
        assert (levels == data.targets[:, 2, 0, 0]).all()
        assert not seen & set(levels)
        seen |= set(levels.tolist())
    assert seen == set(range(20))


def test_a_file_without_its_other_half_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "A", range(20))
    fill(tmp_path / "B", range(19))
    with pytest.raises(InvalidFile, match=r"A.019\.png has no other half: no 019\.\* in .*B"):
        DOMAINS["folder-of-pairs"](tmp_path, "train")
    (tmp_path / "B" / "lonely.png").write_bytes((tmp_path / "A" / "019.png").read_bytes())
    (tmp_path / "A" / "019.png").unlink()
    with pytest.raises(InvalidFile, match=r"B.lonely\.png has no other half"):
        DOMAINS["folder-of-pairs"](tmp_path, "train")


def test_two_folders_may_differ_in_count_and_names(tmp_path: Path) -> None:
    fill(tmp_path / "A", range(20))
    fill(tmp_path / "B", range(100, 140))
    data = DOMAINS["two-folders"](tmp_path, "train")
    assert not data.paired
    assert (len(data.inputs), len(data.targets)) == (16, 32)


@pytest.mark.parametrize("name", ["folder-of-pairs", "two-folders"])
def test_sides_of_different_sizes_are_refused(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "A", range(20))
    fill(tmp_path / "B", range(20), side=12)
    with pytest.raises(InvalidFile, match=r"8x8, those of .*B 12x12: they must have one size"):
        DOMAINS[name](tmp_path, "train")


def test_too_few_images_for_a_split_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "A", range(9))
    fill(tmp_path / "B", range(9))
    with pytest.raises(InvalidFile, match="has 9 images, too few for a test split"):
        DOMAINS["two-folders"](tmp_path, "test")


def test_a_folder_must_be_said() -> None:
    with pytest.raises(InvalidFile, match="say which folder"):
        DOMAINS["two-folders"](None, "train")
    with pytest.raises(InvalidFile, match="a subfolder per label"):
        folder_per_label(None, "train")


def test_labels_are_the_subfolders_in_order(tmp_path: Path) -> None:
    fill(tmp_path / "dogs", range(20))
    fill(tmp_path / "cats", range(100, 110))
    data = folder_per_label(tmp_path, "train")
    assert data.classes == ("cats", "dogs")
    assert data.images.shape == (8 + 16, 1, 8, 8)
    assert (np.bincount(data.labels) == [8, 16]).all()
    assert (data.images[data.labels == 0] >= 100).all()


def test_classes_of_different_sizes_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "cats", range(10))
    fill(tmp_path / "dogs", range(10), mode="RGB")
    with pytest.raises(InvalidFile, match=r"those of .*cats"):
        folder_per_label(tmp_path, "train")
    with pytest.raises(InvalidFile, match="holds no subfolder"):
        folder_per_label(tmp_path / "cats", "train")
