"""How far a subnet's images are from the teacher's, and who is taught when."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.errors import InvalidFile
from search_service.recipes.anycost import AnycostRecipe, Distillation
from search_service.recipes.perceptual import Perceptual
from search_service.spaces.anycost import AnycostParameters, AnycostSpace
from workers.supernets.anycost import AnycostSupernet
from workers.training.anycost_teaching import Teaching

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
SIDES = (8, 16, 32, 64)


class Doubled(nn.Module):
    """Two feature maps: the images, and twice them."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, 2 * x]


@pytest.fixture
def network(tmp_path: Path) -> str:
    file = tmp_path / "features.pt"
    torch.jit.script(Doubled()).save(str(file))  # type: ignore[no-untyped-call]  # torch's own
    return str(file)


def teaching(recipe: AnycostRecipe, **changes: Any) -> Teaching:
    torch.manual_seed(0)
    supernet = AnycostSupernet(AnycostSpace(recipe.generator))
    return Teaching(replace(recipe, **changes), supernet)


def pyramid(*sides: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(1)
    return [torch.rand(2, 1, side, side, generator=rng) * 2 - 1 for side in sides]


def test_the_squared_error_at_every_level_as_recorded(tiny: AnycostRecipe) -> None:
    recorded = np.load(ORACLE / "d64_cases.npz")
    generator = AnycostParameters(resolution=64, channel_multiplier=1 / 128, channel_max=16)
    by_program = teaching(
        replace(tiny, generator=replace(generator, style_dim=8, mapping_layers=1)),
        distillation=Distillation(shrink="bilinear"),
    )
    student = [torch.from_numpy(recorded[f"distill.student{side}"]) for side in SIDES]
    full = torch.from_numpy(recorded["distill.teacher64"])
    found = by_program.distance(student, full)["distillation"]
    assert_close(found, torch.from_numpy(recorded["distill.mse_sum"]).reshape(()))


def test_levels_that_no_subnet_ends_at_are_left_alone(tiny: AnycostRecipe) -> None:
    taught = teaching(tiny)
    four, eight, sixteen = pyramid(4, 8, 16)
    full = pyramid(16)[0].flip(0)
    with_four = taught.distance([four, eight, sixteen], full)
    without = taught.distance([eight, sixteen], full)
    assert with_four == without
    assert set(without) == {"distillation"}


def test_the_shrunk_teacher_is_no_distance_away(tiny: AnycostRecipe) -> None:
    (full,) = pyramid(16)
    levels = [torch.nn.functional.avg_pool2d(full, 2), full]
    assert teaching(tiny).distance(levels, full)["distillation"] == 0


def test_what_a_feature_network_sees_is_added(tiny: AnycostRecipe, network: str) -> None:
    settings = Perceptual(network=network, weight=0.5, levels=(1.0, 10.0), distance="l1")
    student, (full,) = pyramid(8, 16), pyramid(16)
    plain = teaching(tiny).distance(student, full)["distillation"]
    both = teaching(tiny, perceptual=settings).distance(student, full)
    teacher = (torch.nn.functional.avg_pool2d(full, 2), full)
    gaps = [(s - t).abs().mean() for s, t in zip(student, teacher, strict=True)]
    seen = torch.stack(gaps).sum() * (1 + 2 * 10)
    assert_close(both["perceptual"], seen)
    assert_close(both["distillation"], plain + 0.5 * seen)


def test_a_feature_network_sees_what_will_be_shown(tiny: AnycostRecipe, network: str) -> None:
    settings = Perceptual(network=network, levels=(1.0, 1.0))
    bright = torch.full((2, 1, 16, 16), 3.0)
    terms = teaching(tiny, perceptual=settings).distance([bright], torch.ones(2, 1, 16, 16))
    assert terms["perceptual"] == 0
    assert terms["distillation"] == 4


def test_without_distillation_no_feature_network_is_wanted(tiny: AnycostRecipe) -> None:
    missing = Perceptual(network="missing.pt", levels=(1.0,))
    teaching(tiny, perceptual=missing, distillation=Distillation(weight=0.0))
    with pytest.raises(InvalidFile, match=r"missing\.pt") as caught:
        teaching(tiny, perceptual=missing)
    assert caught.value.pointer == "/perceptual/network"


def test_who_is_taught_when(tiny: AnycostRecipe) -> None:
    own = teaching(tiny, distillation=Distillation(from_images=8))  # of batches of 4
    space = own.teacher.space
    full, small, narrow = space.uniform(1.0), space.uniform(1.0, 8), space.uniform(0.5)
    assert [own.concerns(narrow, index) for index in range(4)] == [False, False, True, True]
    assert own.concerns(small, 2)
    assert not own.concerns(full, 2)
    assert not teaching(tiny, distillation=Distillation(weight=0.0)).concerns(narrow, 2)


def test_the_full_image_is_the_teachers(tiny: AnycostRecipe) -> None:
    taught = teaching(tiny)
    latents, noise = torch.randn(3, 2, 8), taught.teacher.stored_noise()
    image = taught.full_image(latents, None, 2, noise)
    space = taught.teacher.space
    expected = taught.teacher(latents, space.uniform(1.0), noise=noise, crossover=2)
    assert torch.equal(image, expected)
