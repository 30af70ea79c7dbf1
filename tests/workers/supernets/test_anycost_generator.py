"""The generator against images, activations and gradients recorded from the official program."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from search_service.errors import InvalidInput
from workers import supernets
from workers.checkpoints import load_weights
from workers.supernets.anycost import AnycostSupernet
from workers.supernets.anycost_styles import Truncation

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
PARAMETERS = {
    "resolution": 64,
    "channel_multiplier": 1 / 32,
    "channel_max": 64,
    "style_dim": 64,
    "mapping_layers": 4,
}


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE / "g64_cases.npz")


@pytest.fixture(scope="module")
def generator() -> AnycostSupernet:
    supernet = supernets.build("anycost", PARAMETERS)
    assert isinstance(supernet, AnycostSupernet)
    load_weights(supernet, ORACLE / "g64_state.safetensors")
    return supernet


def tensor(recorded: Any, name: str) -> Tensor:
    return torch.from_numpy(recorded[name])


def channels(recorded: Any, case: str) -> list[int]:
    return [int(width) for width in recorded[f"cfg.{case}"]]


def assert_image(image: Tensor, recorded: Any, name: str) -> None:
    torch.testing.assert_close(image, tensor(recorded, name), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("case", ["full", "uniform1.0", "uniform0.75", "uniform0.5", "mixedA"])
@torch.no_grad()
def test_every_level_at_these_widths(generator: AnycostSupernet, recorded: Any, case: str) -> None:
    styles = generator.styles(tensor(recorded, "z1"))
    pyramid = generator.synthesize(styles, channels(recorded, case))
    name = "full_z1" if case == "full" else case
    for side, image in zip((4, 8, 16, 32, 64), pyramid, strict=True):
        assert_image(image, recorded, f"{name}.rgb{side}")


@torch.no_grad()
def test_the_mapping_network(generator: AnycostSupernet, recorded: Any) -> None:
    assert_image(generator.style(tensor(recorded, "z1")), recorded, "style_z1")


@pytest.mark.parametrize(
    ("case", "side", "name"), [("full", 16, "full_z1_tr16"), ("mixedA", 32, "mixedA_tr32")]
)
@torch.no_grad()
def test_a_lower_resolution(
    generator: AnycostSupernet, recorded: Any, case: str, side: int, name: str
) -> None:
    live = generator.space.live_entries(side)
    styles = generator.styles(tensor(recorded, "z1"))
    pyramid = generator.synthesize(styles, channels(recorded, case)[:live])
    assert_image(pyramid[-1], recorded, f"{name}.rgb{side}")


@torch.no_grad()
def test_explicit_noise(generator: AnycostSupernet, recorded: Any) -> None:
    noise = [tensor(recorded, f"noise_{i:02d}") for i in range(9)]
    styles = generator.styles(tensor(recorded, "z1"))
    image = generator.synthesize(styles, channels(recorded, "full"), noise)[-1]
    assert_image(image, recorded, "full_z1_noise.rgb64")


@torch.no_grad()
def test_two_latents_cross_over(generator: AnycostSupernet, recorded: Any) -> None:
    styles = generator.styles(tensor(recorded, "z2"), crossover=3)
    image = generator.synthesize(styles, channels(recorded, "full"))[-1]
    assert_image(image, recorded, "full_z2_inj3.rgb64")


@torch.no_grad()
def test_a_style_per_layer(generator: AnycostSupernet, recorded: Any) -> None:
    image = generator.synthesize(tensor(recorded, "wplus"), channels(recorded, "full"))[-1]
    assert_image(image, recorded, "full_wplus.rgb64")


@torch.no_grad()
def test_truncation(generator: AnycostSupernet, recorded: Any) -> None:
    truncation = Truncation(psi=0.5, centre=tensor(recorded, "wmean"))
    full = generator.space.uniform(1.0)
    image = generator(tensor(recorded, "z1"), full, truncation=truncation)
    assert_image(image, recorded, "full_z1_trunc05.rgb64")


@pytest.mark.parametrize(
    "name", ["input", "conv1", "to_rgb1", "convs.0", "convs.1", "to_rgbs.0", "convs.7"]
)
@torch.no_grad()
def test_the_output_of_a_layer(generator: AnycostSupernet, recorded: Any, name: str) -> None:
    seen: list[Tensor] = []
    layer = generator.get_submodule(name)
    hook = layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.clone()))
    generator(tensor(recorded, "z1"), generator.space.uniform(1.0))
    hook.remove()
    assert_image(seen[0][:1], recorded, f"act.{name}")


@pytest.mark.parametrize(
    "name",
    [
        "convs.1.activate.bias",
        "convs.4.conv.weight",
        "input.input",
        "convs.2.conv.modulation.bias",
    ],
)
def test_gradients_at_mixed_widths(generator: AnycostSupernet, recorded: Any, name: str) -> None:
    styles = generator.styles(tensor(recorded, "z1"))
    image = generator.synthesize(styles, channels(recorded, "mixedA"))[-1]
    loss = (image * tensor(recorded, "grad.R")).mean()
    (gradient,) = torch.autograd.grad(loss, generator.get_parameter(name))
    expected = tensor(recorded, f"grad.{name}")
    assert (gradient - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert (gradient[expected == 0] == 0).all()  # what was trimmed has no part in the image


def test_latents_of_another_shape_are_refused(generator: AnycostSupernet) -> None:
    with pytest.raises(InvalidInput, match=r"latents must be \(n, 64\) or .*, got \(2, 3, 64\)"):
        generator.styles(torch.randn(2, 3, 64))
