import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search_service.errors import UnknownName
from workers.images.domains import domains
from workers.training.draws import Draws
from workers.training.translation_data import (
    TranslationData,
    draw_batch,
    open_data,
    picture,
    shown_inputs,
)

SIDE = 4


def numbered(inputs: int, targets: int, *, paired: bool) -> TranslationData:
    """Images whose left half shows their number; targets are 100 brighter."""

    def images(count: int, first: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        found = np.zeros((count, 1, SIDE, SIDE), np.uint8)
        found[..., : SIDE // 2] = np.arange(first, first + count)[:, None, None, None]
        return found

    data = domains(images(inputs, 0), images(targets, 100), paired=paired)
    return TranslationData(train=data, shown=data)


def levels(images: torch.Tensor) -> list[int]:
    return ((images.amax((1, 2, 3)) + 1) * 127.5).round().int().tolist()


def test_pairs_stay_together_and_are_drawn_by_seed_and_step() -> None:
    data = numbered(50, 50, paired=True).train
    inputs, targets = draw_batch(data, Draws(1, 7), 20, flip=True)
    assert [level + 100 for level in levels(inputs)] == levels(targets)
    assert len(set(levels(inputs))) > 10
    assert torch.equal(inputs, draw_batch(data, Draws(1, 7), 20, flip=True)[0])
    assert not torch.equal(inputs, draw_batch(data, Draws(1, 8), 20, flip=True)[0])


def test_without_pairs_each_side_is_drawn_by_itself() -> None:
    inputs, targets = draw_batch(numbered(50, 9, paired=False).train, Draws(1, 7), 40, flip=False)
    assert max(levels(targets)) <= 108
    assert max(levels(inputs)) > 9


def test_half_of_the_images_are_mirrored_both_sides_of_a_pair_alike() -> None:
    data = numbered(50, 50, paired=True).train
    inputs, targets = draw_batch(data, Draws(0, 0), 400, flip=True)
    mirrored = targets[:, 0, 0, 0] == -1
    # image 0 is black all over, and so are its mirror images
    assert ((inputs[:, 0, 0, 0] == -1) == mirrored)[inputs.amax((1, 2, 3)) > -1].all()
    assert 0.4 < mirrored.float().mean() < 0.6
    plain, _ = draw_batch(data, Draws(0, 0), 400, flip=False)
    assert (plain[:, 0, 0, -1] == -1).all()


def test_a_grid_shows_the_first_held_out_images() -> None:
    inputs, targets = shown_inputs(numbered(50, 7, paired=False))
    assert levels(inputs) == list(range(7))
    assert levels(targets) == list(range(100, 107))


def test_grey_rows_stand_beside_coloured_ones() -> None:
    grey, colour = torch.zeros(3, 1, SIDE, SIDE), torch.ones(3, 3, SIDE, SIDE)
    with Image.open(io.BytesIO(picture([grey, colour]))) as image:
        assert image.mode == "RGB"
        assert image.size == (3 * SIDE, 2 * SIDE)
        assert image.getpixel((0, 0)) == (128, 128, 128)
        assert image.getpixel((0, SIDE)) == (255, 255, 255)


def test_training_and_shown_images_are_of_different_splits(tmp_path: Path) -> None:
    for side in "AB":
        (tmp_path / side).mkdir()
        for i in range(20):
            Image.new("L", (SIDE, SIDE), i).save(tmp_path / side / f"{i:02d}.png")
    data = open_data("folder-of-pairs", tmp_path)
    assert len(data.train.inputs) == 16
    assert set(data.shown.inputs[:, 0, 0, 0]) == {8, 18}
    assert data.sizes == replace(data.sizes, inputs=1, targets=1, side=SIDE)


def test_an_unknown_data_set_lists_the_known() -> None:
    with pytest.raises(UnknownName, match=r"known: .*fashion-mnist-edges.*two-folders"):
        open_data("edges", None)
