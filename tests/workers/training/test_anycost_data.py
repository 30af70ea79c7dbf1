"""Own images in a folder per label, and what is refused before any training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.anycost import AnycostRecipe
from workers.training.anycost import AnycostTraining, begin
from workers.training.anycost_data import open_images


def fill(folder: Path, *, side: int = 16, mode: str = "L") -> Path:
    for label in ("cats", "dogs"):
        (folder / label).mkdir(parents=True)
        for i in range(10):
            Image.new(mode, (side, side), 10 * i).save(folder / label / f"{i}.png")
    return folder


@pytest.fixture
def recipe(tiny: AnycostRecipe) -> AnycostRecipe:
    generator = replace(tiny.generator, classes=2)
    return replace(tiny, dataset="folder-per-label", generator=generator)


def test_a_folder_per_label_is_trained_on(recipe: AnycostRecipe, tmp_path: Path) -> None:
    images, labels = open_images(recipe, fill(tmp_path))
    assert images.shape == (16, 1, 16, 16)
    assert labels.tolist() == [0] * 8 + [1] * 8
    training = begin(recipe, tmp_path)
    assert isinstance(training, AnycostTraining)
    assert all(np.isfinite(loss) for loss in training.step(0).values())


def test_labels_need_not_be_used(recipe: AnycostRecipe, tmp_path: Path) -> None:
    plain = replace(recipe, generator=replace(recipe.generator, classes=0))
    training = begin(plain, fill(tmp_path))
    assert isinstance(training, AnycostTraining)
    assert training.material.train[1] is None


@pytest.mark.parametrize(
    ("side", "mode", "said"),
    [
        (16, "RGB", "have 3 channels, the generator makes 1"),
        (12, "L", "are 12x12: they must be squares of 16 pixels"),
        (8, "L", "are 8x8"),
    ],
)
def test_images_that_the_generator_does_not_make_are_refused(
    recipe: AnycostRecipe, tmp_path: Path, side: int, mode: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        open_images(recipe, fill(tmp_path, side=side, mode=mode))


def test_another_number_of_classes_is_refused(recipe: AnycostRecipe, tmp_path: Path) -> None:
    more = replace(recipe, generator=replace(recipe.generator, classes=3))
    with pytest.raises(InvalidInput, match="has 2 classes, the generator 3"):
        open_images(more, fill(tmp_path))


def test_a_corrupt_file_is_named(recipe: AnycostRecipe, tmp_path: Path) -> None:
    (fill(tmp_path) / "dogs" / "3.png").write_bytes(b"no picture")
    with pytest.raises(InvalidFile, match=r"dogs.3\.png is not an image"):
        open_images(recipe, tmp_path)


def test_larger_images_are_shrunk_in_training(recipe: AnycostRecipe, tmp_path: Path) -> None:
    images, labels = open_images(recipe, fill(tmp_path, side=32))
    assert images.shape[2:] == (32, 32)
    torch.testing.assert_close(labels.bincount(), torch.tensor([8, 8]))
