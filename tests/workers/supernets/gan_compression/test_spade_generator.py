"""SPADE generators of fixed widths: the recorded teacher, its spectral form, its costs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade import teacher_macs, teacher_params
from workers.layers.spectral import without_spectral_norm
from workers.supernets.gan_compression.spade_generator import (
    SpadeGenerator,
    dense_teacher,
    mobile_generator,
)

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
PARAMETERS = GanCompressionParameters(
    generator="spade",
    base_channels=2,
    input_channels=5,
    image_size=128,
    aspect_ratio=2.0,
    upsampling="more",
)


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(FIXTURES / "spade_full_teacher_and_losses.npz")


def state(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


@torch.no_grad()
def test_the_published_teacher_gives_the_recorded_images_and_activations(recorded: Any) -> None:
    teacher, expected = dense_teacher(PARAMETERS).eval(), state(recorded, "act/")
    teacher.load_state_dict(state(recorded, "sd/"))
    image, seen = teacher.features(torch.from_numpy(recorded["x"]), taps=expected)
    assert_close(image, torch.from_numpy(recorded["y"]), atol=1e-4, rtol=0)
    for name, tensor in expected.items():
        assert_close(seen[name], tensor, atol=1e-4, rtol=0)
        assert teacher.tap_channels(name) == tensor.shape[1]


def test_the_teacher_s_costs_equal_counts_on_it() -> None:
    teacher, total = dense_teacher(PARAMETERS), 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        total += layer.get_parameter("weight").numel() * output.shape[2] * output.shape[3]

    for layer in teacher.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(add)
    with torch.no_grad():
        teacher(torch.rand(1, 5, 64, 128))
    assert teacher_macs(PARAMETERS) == total
    assert teacher_params(PARAMETERS) == sum(p.numel() for p in teacher.parameters())


@pytest.mark.parametrize("build", [dense_teacher, mobile_generator])
@torch.no_grad()
def test_a_spectral_teacher_becomes_plain_with_the_same_images(build: Any) -> None:
    torch.manual_seed(0)
    spectral: SpadeGenerator = build(PARAMETERS, spectral=True).eval()
    names = {key for key in spectral.state_dict() if key.endswith("weight_orig")}
    assert names == {
        f"{block}.{convolution}.weight_orig"
        for block in ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")
        for convolution in ("conv_0", "conv_1", "conv_s")
        if convolution != "conv_s" or block.startswith("up")
    }
    plain: SpadeGenerator = build(PARAMETERS).eval()
    plain.load_state_dict(without_spectral_norm(spectral.state_dict()))
    x = torch.rand(1, 5, 64, 128)
    assert_close(plain(x), spectral(x))


@torch.no_grad()
def test_the_map_alone_makes_the_image() -> None:
    generator, x = mobile_generator(PARAMETERS).eval(), torch.rand(1, 5, 64, 128)
    for parameter in generator.parameters():
        nn.init.normal_(parameter, std=0.3)
    assert torch.equal(generator(x), generator(x))
    assert not torch.equal(generator(x), generator(1 - x))
    assert torch.equal(generator((x > 0.5).byte()), generator((x > 0.5).float()))
