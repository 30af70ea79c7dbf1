from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search_service.errors import InvalidInput
from workers.training.labelled_data import LabelledImages, Wanted, open_labelled


@pytest.fixture
def data() -> LabelledImages:
    """Each image filled with its place, whose last digit is its label."""
    places = torch.arange(200)
    images = places.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return LabelledImages(images=images, labels=places % 10)


def test_a_share_is_a_set_of_images_with_their_labels(data: LabelledImages) -> None:
    some = data.share(0.1, seed=0)
    places = some.images[:, 0, 0, 0].long()
    assert len(places) == 20
    assert bool((places.diff() > 0).all())
    assert torch.equal(some.labels, places % 10)


def test_a_share_depends_on_the_seed_alone_and_the_whole_is_all(data: LabelledImages) -> None:
    first, again, other = (data.share(0.5, seed=seed).images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(data.share(1.0, seed=3).images, data.images)
    assert len(data.share(1e-9, seed=0).images) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for i in range(10):
            pixels = rng.integers(256, size=(16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{i}.png")
    return tmp_path


def test_each_split_is_read_with_its_labels(folder: Path) -> None:
    wanted = Wanted(side=8, channels=1, classes=2)
    train, test = (open_labelled("folder-per-label", folder, s, wanted) for s in ("train", "test"))
    assert train.images.shape == (16, 1, 16, 16)
    assert test.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("wanted", "pointer", "words"),
    [
        (Wanted(side=16, channels=3, classes=0), "image_channels", "have 1 channels"),
        (Wanted(side=32, channels=1, classes=0), "resolution", "squares of 32 pixels"),
        (Wanted(side=16, channels=1, classes=3), "classes", "has 2 classes, the generator 3"),
    ],
)
def test_what_the_generator_cannot_make_is_refused(
    folder: Path, wanted: Wanted, pointer: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        open_labelled("folder-per-label", folder, "train", wanted, where="/generator")
    assert caught.value.pointer == f"/generator/{pointer}"
