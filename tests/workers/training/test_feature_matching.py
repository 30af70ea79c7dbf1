from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service import spaces
from search_service.spaces.gan_compression import GanCompressionSpace
from workers.discriminators.multiscale import MultiScaleDiscriminator
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.training.feature_matching import feature_matching, split_prediction
from workers.training.objectives import ADVERSARIAL

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gan_compression"
SPACE = {
    "generator": "spade",
    "base_channels": 4,
    "input_channels": 5,
    "image_size": 128,
    "aspect_ratio": 2.0,
    "upsampling": "more",
}
ARCHITECTURE = "3_2_4_3_2_4_3_2"


def state(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(FIXTURES / "spade_full_teacher_and_losses.npz")


@pytest.fixture(scope="module")
def fake(recorded: Any) -> Tensor:
    space = spaces.build("gan-compression", SPACE)
    assert isinstance(space, GanCompressionSpace)
    supernet = SpadeSupernet(space).eval()
    supernet.load_state_dict(state(np.load(FIXTURES / "spade_super_ngf4.npz"), "sd/"))
    with torch.no_grad():
        image: Tensor = supernet(torch.from_numpy(recorded["x"]), space.parse(ARCHITECTURE))
    return image


@pytest.fixture(scope="module")
def judged(recorded: Any, fake: Tensor) -> tuple[list[list[Tensor]], ...]:
    discriminator = MultiScaleDiscriminator(8, base_channels=8)
    discriminator.load_state_dict(state(recorded, "D/"))
    source, real = torch.from_numpy(recorded["x"]).float(), torch.from_numpy(recorded["real_B"])
    pairs = torch.cat([torch.cat([source, image], 1) for image in (fake, real)])
    with torch.no_grad():
        return split_prediction(discriminator.eval()(pairs))


def test_the_recorded_value(recorded: Any, judged: tuple[list[list[Tensor]], ...]) -> None:
    expected = torch.tensor(float(recorded["feat_match_lambda10"]))
    assert_close(10 * feature_matching(*judged), expected, atol=1e-4, rtol=0)


def test_the_recorded_adversarial_values(
    recorded: Any, judged: tuple[list[list[Tensor]], ...]
) -> None:
    fake, real = judged
    hinge = ADVERSARIAL["hinge"]
    for value, name in (
        (hinge.generator(fake), "hinge_G"),
        (hinge.fake(fake), "hinge_D_fake"),
        (hinge.real(real), "hinge_D_real"),
    ):
        assert_close(value, torch.tensor(float(recorded[name].item())), atol=1e-4, rtol=0)


def features(seed: int) -> list[list[Tensor]]:
    g = torch.Generator().manual_seed(seed)
    return [[torch.randn(2, c, s, s, generator=g) for c in (3, 1)] for s in (8, 4)]


def test_equal_features_cost_nothing_and_logits_do_not_count() -> None:
    fake, real = features(0), features(0)
    assert feature_matching(fake, real) == 0
    real[0][-1] += 5
    assert feature_matching(fake, real) == 0


def test_more_scales_of_the_same_cost_as_one() -> None:
    fake, real = features(0)[:1], features(1)[:1]
    assert_close(feature_matching(fake * 3, real * 3), feature_matching(fake, real))


def test_real_features_are_a_target() -> None:
    fake, real = features(0), features(1)
    real[0][0].requires_grad_()
    assert not feature_matching(fake, real).requires_grad
    fake[0][0].requires_grad_()
    (gradient,) = torch.autograd.grad(feature_matching(fake, real), fake[0][0])
    assert (gradient != 0).all()
