from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search_service.errors import InvalidInput
from search_service.recipes.spade import SpadeRecipe
from workers.images import from_uint8
from workers.training.draws import Draws
from workers.training.map_data import MapData, as_picture, draw_maps, open_maps, shown_maps


@pytest.mark.parametrize("flip", [False, True])
def test_a_map_is_drawn_with_its_photograph(maps: MapData, flip: bool) -> None:
    drawn, photographs = draw_maps(maps, Draws(0, 0), 40, flip=flip)
    assert drawn.shape == (40, 4, 32, 64)
    assert photographs.shape == (40, 3, 32, 64)
    assert ((drawn == 0) | (drawn == 1)).all()
    assert (drawn[:, :3].sum(1) == 1).all()
    reds = torch.tensor([20.0, 240.0, 130.0])[drawn[:, :3].argmax(1)]
    off = (photographs[:, 0] + 1) * 127.5 - reds  # but for the noise, a class has its colour
    assert ((off > -1) & (off < 7)).all()
    edges = torch.from_numpy(maps.train.maps[:, 1:]).float()
    mirrored = [not any(torch.equal(one[3:], known) for known in edges) for one in drawn]
    assert (0 < sum(mirrored) < 40) == flip


def test_the_first_held_out_ones_are_shown(maps: MapData) -> None:
    shown, photographs = shown_maps(maps)
    assert torch.equal(shown[:, :3].argmax(1), torch.from_numpy(maps.shown.maps[:, 0]).long())
    assert torch.equal(photographs, from_uint8(torch.from_numpy(maps.shown.photographs)))
    picture = as_picture(shown)
    assert picture.shape == (2, 1, 32, 64)
    assert picture.min() == -1
    assert picture.max() == 1


def test_sides_that_no_generator_has_are_refused(maps: MapData) -> None:
    size = maps.parameters(2, "normal")
    assert (size.image_size, size.aspect_ratio, size.input_channels) == (64, 2.0, 4)
    wide = replace(maps.train, maps=np.zeros((1, 1, 40, 64), np.uint8))
    with pytest.raises(InvalidInput, match="makes 64x32, but the maps are 64x40"):
        replace(maps, train=wide).parameters(2, "normal")
    with pytest.raises(InvalidInput, match="at least two pixels"):
        maps.parameters(2, "more")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for side in ("A", "B", "instances"):
        (tmp_path / side).mkdir()
        for number in range(10):
            pixels = rng.integers(3, size=(32, 64), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / side / f"{number}.png")
    return tmp_path


def test_a_folder_is_opened_as_the_recipe_says(spade_recipe: SpadeRecipe, folder: Path) -> None:
    data = open_maps(spade_recipe, folder)
    assert data.train.maps.shape == (8, 2, 32, 64)
    assert data.shown.maps.shape == (1, 2, 32, 64)
    assert len(data.calibration()) == 1
    assert data.calibration()[0].shape == (8, 4, 32, 64)


@pytest.mark.parametrize(
    ("channels", "said"),
    [(3, r"folder-of-maps\.train holds label 2"), (1, "map_channels must be at least 2")],
)
def test_too_few_channels_for_the_labels_are_refused(
    spade_recipe: SpadeRecipe, folder: Path, channels: int, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        open_maps(replace(spade_recipe, map_channels=channels), folder)
    assert caught.value.pointer == "/map_channels"
