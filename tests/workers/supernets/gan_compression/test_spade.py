"""The SPADE supernet: recorded outputs of the published one, laws of its subnets, bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.domain.space import largest, sample, smallest
from search_service.errors import InvalidInput
from workers import supernets
from workers.supernets.gan_compression.spade import SpadeSupernet, new_subnet
from workers.supernets.gan_compression.spade_generator import mobile_generator

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
NARROW = "3_2_4_3_2_4_3_2"
GEOMETRY: dict[str, dict[str, Any]] = {
    "more": {"image_size": 128, "aspect_ratio": 2.0, "upsampling": "more"},
    "normal": {"image_size": 64},
}


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(FIXTURES / "spade_super_ngf4.npz")


def state(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


def build(geometry: str = "normal", **parameters: Any) -> SpadeSupernet:
    torch.manual_seed(0)
    given = {"generator": "spade", "base_channels": 4, "input_channels": 5, **GEOMETRY[geometry]}
    supernet = supernets.build("gan-compression", {**given, **parameters})
    assert isinstance(supernet, SpadeSupernet)
    return supernet.eval()


def published(recorded: Any, geometry: str) -> SpadeSupernet:
    supernet = build(geometry)
    supernet.load_state_dict(state(recorded, "sd/"))
    return supernet


def maps(supernet: SpadeSupernet, n: int = 2) -> Tensor:
    return torch.rand(n, supernet.input_channels, *supernet.sides)


@pytest.mark.parametrize("geometry", GEOMETRY)
@pytest.mark.parametrize("text", [NARROW, "4_4_4_4_4_4_4_4"])
@torch.no_grad()
def test_published_weights_load_and_give_the_recorded_images(
    recorded: Any, geometry: str, text: str
) -> None:
    supernet = published(recorded, geometry)
    x = torch.from_numpy(recorded[f"x/{geometry}"])
    expected = torch.from_numpy(recorded[f"y/{geometry}/{text}"])
    assert_close(supernet(x, supernet.space.parse(text)), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_activations_as_recorded(recorded: Any) -> None:
    supernet, expected = published(recorded, "more"), state(recorded, f"act/more/{NARROW}/")
    x = torch.from_numpy(recorded["x/more"])
    _, seen = supernet.features(x, supernet.space.parse(NARROW), taps=expected)
    assert list(seen) == list(expected)
    for name, tensor in expected.items():
        assert_close(seen[name], tensor, atol=1e-4, rtol=0)


@torch.no_grad()
def test_statistics_after_a_training_step_as_recorded(recorded: Any) -> None:
    supernet = published(recorded, "more").train()
    supernet(torch.from_numpy(recorded["calib/batch1"]), supernet.space.parse(NARROW))
    for name, expected in state(recorded, "train_step_momentum0.1/").items():
        assert_close(supernet.state_dict()[name], expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_at_full_width_it_is_the_published_mobile_generator(recorded: Any) -> None:
    supernet = published(recorded, "normal")
    mobile = mobile_generator(supernet.space.parameters).eval()
    mobile.load_state_dict(state(recorded, "sd/"))
    x = torch.from_numpy(recorded["x/normal"])
    assert_close(mobile(x), supernet(x, largest(supernet.space)))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_an_extracted_subnet_gives_equal_bits(recorded: Any, seed: int, training: bool) -> None:
    supernet = published(recorded, "normal").train(training)
    architecture = sample(supernet.space, np.random.default_rng(seed))
    x, subnet = maps(supernet), supernet.extract(architecture)
    assert torch.equal(subnet(x), supernet(x, architecture))


@torch.no_grad()
def test_an_extracted_subnet_shares_no_memory_and_loads_as_a_fresh_one(recorded: Any) -> None:
    supernet = published(recorded, "normal")
    architecture, x = largest(supernet.space), maps(supernet)
    subnet, before = supernet.extract(architecture), supernet(x, architecture)
    for tensor in (*supernet.parameters(), *supernet.buffers()):
        tensor.zero_()
    assert torch.equal(subnet(x), before)
    fresh = new_subnet(supernet.space, architecture).eval()
    fresh.load_state_dict(subnet.state_dict())
    assert torch.equal(fresh(x), before)


def test_an_extracted_subnet_is_trainable_and_keeps_statistics_of_full_width() -> None:
    supernet = build()
    subnet = supernet.extract(smallest(supernet.space))
    assert all(parameter.requires_grad for parameter in subnet.parameters())
    own, full = subnet.state_dict(), supernet.state_dict()
    assert own.keys() == full.keys()
    for name in own:
        if "param_free_norm" in name:
            assert torch.equal(own[name], full[name])
    assert own["head_0.conv_0.weight"].shape == (16, 16, 3, 3)
    assert own["head_0.norm_0.param_free_norm.running_var"].shape == (64,)


@torch.no_grad()
def test_the_architecture_leaves_no_trace_on_the_supernet(recorded: Any) -> None:
    supernet = published(recorded, "normal")
    x, full = maps(supernet), largest(supernet.space)
    before = supernet(x, full)
    supernet(x, smallest(supernet.space))
    assert torch.equal(supernet(x, full), before)


@torch.no_grad()
def test_maps_of_a_batch_do_not_depend_on_one_another_in_evaluation(recorded: Any) -> None:
    supernet = published(recorded, "normal")
    x, full = maps(supernet, 3), largest(supernet.space)
    alone = torch.cat([supernet(x[i : i + 1], full) for i in range(3)])
    assert_close(supernet(x, full), alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("geometry", GEOMETRY)
@pytest.mark.parametrize("seed", range(2))
def test_params_and_macs_equal_those_of_the_extracted_subnet(geometry: str, seed: int) -> None:
    supernet = build(geometry, input_channels=3, output_channels=2)
    space = supernet.space
    architecture = sample(space, np.random.default_rng(seed))
    subnet = supernet.extract(architecture)
    assert space.params(architecture) == sum(p.numel() for p in subnet.parameters())
    total = 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        total += layer.get_parameter("weight").numel() * output.shape[2] * output.shape[3]

    for layer in subnet.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(add)
    with torch.no_grad():
        subnet(maps(supernet, 1))
    assert space.macs(architecture) == total


def test_a_narrow_subnet_trains_its_own_weights_alone() -> None:
    supernet = build()
    image = supernet(maps(supernet), supernet.space.parse("3_2_4_3_2_4_3_2"))
    weight = supernet.get_parameter("up_0.conv_0.weight")
    (gradient,) = torch.autograd.grad(image.square().sum(), weight)
    assert gradient[:16, :48].abs().min() > 0
    gradient[:16, :48] = 0
    assert not gradient.any()


@pytest.mark.parametrize("tap", ["", "up_4", "model.9", "fc.weight", "conv_img"])
def test_an_unknown_tap_is_refused_before_anything_is_computed(tap: str) -> None:
    supernet = build()
    started: list[nn.Module] = []
    supernet.fc.register_forward_hook(lambda layer, _inputs, _output: started.append(layer))
    with pytest.raises(InvalidInput, match=r"no layer .* known: fc, head_0, G_middle_0, .* up_3"):
        supernet.features(maps(supernet), largest(supernet.space), ["up_1", tap])
    with pytest.raises(InvalidInput, match="no layer"):
        supernet.tap_channels(tap)
    assert not started


def test_a_tap_has_the_channels_it_says_at_full_width() -> None:
    supernet = build()
    names = ["fc", "head_0", "G_middle_1", "up_0", "up_1", "up_3"]
    _, seen = supernet.features(maps(supernet), largest(supernet.space), names)
    assert [seen[n].shape[1] for n in names] == [supernet.tap_channels(n) for n in names]


@pytest.mark.parametrize("shape", [(2, 4, 64, 64), (2, 5, 64, 128), (2, 5, 32, 32), (5, 64, 64)])
def test_maps_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    supernet = build()
    with pytest.raises(InvalidInput, match=r"maps must be \(n, 5, 64, 64\), got"):
        supernet(torch.zeros(shape), largest(supernet.space))


def test_fresh_weights_are_small_and_biases_zero() -> None:
    supernet = build()
    weight = supernet.get_parameter("head_0.conv_0.weight")
    assert_close(weight.std().item(), 0.02 / (64 * 9) ** 0.5, atol=1e-5, rtol=0)
    assert not supernet.get_parameter("head_0.conv_0.bias").any()
