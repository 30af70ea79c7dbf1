from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from search_service.errors import InvalidFile
from workers import zoo
from workers.evaluators.classifier_training import ClassifierRecipe, accuracy, augment, train
from workers.images import LabelledImages

RECIPE = ClassifierRecipe(
    seed=0, epochs=4, batch_size=16, learning_rate=0.01, weight_decay=0.0, shift=2,
    label_smoothing=0.0,
)  # fmt: skip


@pytest.fixture
def stripes() -> LabelledImages:
    """Class 0 has bright upper halves, class 1 bright lower ones."""
    labels = (np.arange(128) % 2).astype(np.uint8)
    pixels = np.random.default_rng(0).integers(0, 100, (128, 32, 32), np.uint8)
    pixels[labels == 0, :16] += 150
    pixels[labels == 1, 16:] += 150
    return LabelledImages(pixels=pixels, labels=labels, digest="")


def test_it_learns_and_the_same_recipe_gives_the_same_weights(stripes: LabelledImages) -> None:
    runs = [list(train(RECIPE, stripes))[-1] for _ in range(2)]
    (model, loss), (again, same_loss) = runs
    assert loss == same_loss
    assert_close(model.state_dict(), again.state_dict(), rtol=0, atol=0)
    assert accuracy(model, stripes) > 0.9


def test_an_augmented_image_is_a_shift_of_it_or_of_its_mirror() -> None:
    image = torch.full((1, 1, 32, 32), -1.0)
    image[0, 0, 10, 4] = 1.0
    rng = torch.Generator().manual_seed(0)
    made = augment(image.expand(400, -1, -1, -1), 2, rng)
    places = {tuple(place[2:].tolist()) for place in (made == 1.0).nonzero()}
    assert places == {
        (row, column) for row in range(8, 13) for column in (*range(2, 7), *range(25, 30))
    }
    assert (made == 1.0).sum() == 400


def test_the_shipped_recipe_is_the_one_in_the_zoo() -> None:
    here = Path(__file__).parents[3] / "infra" / "recipes" / "fashion-classifier.toml"
    trained = zoo.path("fashion-classifier/recipe.toml")
    assert ClassifierRecipe.read(here) == ClassifierRecipe.read(trained)


def test_a_field_too_many_or_too_few_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("seed = 0\nepoch = 3\n")
    with pytest.raises(InvalidFile, match=r"must name exactly .* see batch_size, epoch, epochs"):
        ClassifierRecipe.read(tmp_path / "r.toml")
