"""The residual supernet: laws of its subnets, and what it refuses."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from search_service.domain.space import largest, sample, smallest
from search_service.errors import InvalidInput
from search_service.spaces.gan_compression.resnet import teacher_macs, teacher_params
from workers import supernets
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import (
    ResnetGenerator,
    dense_teacher,
    mobile_generator,
)


def build(**parameters: Any) -> ResnetSupernet:
    torch.manual_seed(0)
    built = supernets.build("gan-compression", {"base_channels": 8, "image_size": 16, **parameters})
    assert isinstance(built, ResnetSupernet)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.2)  # biases too: at 0 they would hide a forgotten one
    return built


@pytest.fixture(params=["resnet", "resnet-legacy"])
def supernet(request: pytest.FixtureRequest) -> ResnetSupernet:
    return build(generator=request.param, blocks=4)


def images(n: int = 3, channels: int = 3, side: int = 16) -> Tensor:
    return torch.rand(n, channels, side, side) * 2 - 1


@pytest.mark.parametrize("seed", range(4))
@torch.no_grad()
def test_an_extracted_subnet_gives_equal_bits(supernet: ResnetSupernet, seed: int) -> None:
    architecture, x = sample(supernet.space, np.random.default_rng(seed)), images()
    assert torch.equal(supernet.extract(architecture)(x), supernet(x, architecture))


@torch.no_grad()
def test_an_extracted_subnet_shares_no_memory(supernet: ResnetSupernet) -> None:
    architecture, x = largest(supernet.space), images()
    subnet, before = supernet.extract(architecture), supernet(x, architecture)
    for parameter in supernet.parameters():
        parameter.zero_()
    assert torch.equal(subnet(x), before)


@torch.no_grad()
def test_the_architecture_leaves_no_trace_on_the_supernet(supernet: ResnetSupernet) -> None:
    x, full = images(), largest(supernet.space)
    before = supernet(x, full)
    supernet(x, smallest(supernet.space))
    assert torch.equal(supernet(x, full), before)


@torch.no_grad()
def test_images_of_a_batch_do_not_depend_on_one_another(supernet: ResnetSupernet) -> None:
    x, full = images(5), largest(supernet.space)
    alone = torch.cat([supernet(x[i : i + 1], full) for i in range(5)])
    torch.testing.assert_close(supernet(x, full), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("blocks", [1, 2, 3, 7])
@pytest.mark.parametrize("seed", range(2))
def test_params_and_macs_equal_those_of_the_extracted_subnet(blocks: int, seed: int) -> None:
    supernet = build(blocks=blocks, input_channels=1, output_channels=2)
    space = supernet.space
    architecture = sample(space, np.random.default_rng(seed))
    subnet = supernet.extract(architecture)
    assert space.params(architecture) == sum(p.numel() for p in subnet.parameters())
    assert space.macs(architecture) == count(subnet, images(1, 1))


@pytest.mark.parametrize("dense", [True, False])
def test_a_teacher_s_costs_equal_counts_on_it(dense: bool) -> None:
    supernet = build(blocks=4)
    parameters = supernet.space.parameters
    full = largest(supernet.space)
    if dense:
        teacher = dense_teacher(parameters)
        macs, params = teacher_macs(parameters), teacher_params(parameters)
    else:
        teacher = mobile_generator(parameters)
        macs, params = supernet.space.macs(full), supernet.space.params(full)
    assert sum(p.numel() for p in teacher.parameters()) == params
    assert count(teacher, images(1)) == macs


def count(network: ResnetGenerator, x: Tensor) -> int:
    """MACs of every convolution that runs, a transposed one at its input size."""
    total = 0

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        transposed = isinstance(layer, nn.ConvTranspose2d)
        counted = inputs[0] if transposed else output
        weight = layer.get_parameter("weight")
        total += weight.numel() * counted.shape[2] * counted.shape[3]

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(add)
    with torch.no_grad():
        network(x)
    return total


def test_the_widths_asked_for_are_those_that_run() -> None:
    supernet = build(blocks=3)
    architecture = supernet.space.parse("2_4_6_8_2_4_6_8")
    taps = ["model.3", "model.6", "model.9", "model.12", "model.15", "model.18", "model.21"]
    output, seen = supernet.features(images(), architecture, taps)
    assert [seen[tap].shape[1] for tap in taps] == [2, 8, 24, 24, 12, 8, 3]
    assert torch.equal(seen["model.21"], output)


def test_a_tap_has_the_channels_it_says_at_full_width() -> None:
    supernet = build(blocks=3, input_channels=2)
    names = [f"model.{place}" for place in range(22)]
    _, seen = supernet.features(images(channels=2), largest(supernet.space), names)
    assert [seen[n].shape[1] for n in names] == [supernet.tap_channels(n) for n in names]


@pytest.mark.parametrize("tap", ["model.22", "model.x", "9", "", "model.10.conv_block.1"])
def test_an_unknown_tap_is_refused_before_anything_is_computed(tap: str) -> None:
    supernet = build(blocks=3)
    started: list[nn.Module] = []
    supernet.model[0].register_forward_hook(lambda layer, _inputs, _output: started.append(layer))
    with pytest.raises(InvalidInput, match=r"no layer .* known: model\.0, model\.1, … model\.21"):
        supernet.features(images(), largest(supernet.space), ["model.9", tap])
    with pytest.raises(InvalidInput, match="no layer"):
        supernet.tap_channels(tap)
    with pytest.raises(InvalidInput, match="no layer"):
        supernet.extract(largest(supernet.space)).features(images(), [tap])
    assert not started


@pytest.mark.parametrize(
    "shape", [(2, 1, 16, 16), (2, 3, 18, 16), (2, 3, 16, 4), (3, 16, 16), (2, 3, 16)]
)
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    supernet = build(blocks=1)
    with pytest.raises(InvalidInput, match=r"images must be \(n, 3, h, w\) .* got"):
        supernet(torch.zeros(shape), largest(supernet.space))


def test_a_narrow_subnet_trains_its_own_weights_alone() -> None:
    supernet = build(blocks=3)
    supernet(images(), supernet.space.parse("2_4_6_8_2_4_6_8")).square().sum().backward()
    gradient = supernet.get_parameter("model.4.weight").grad
    assert gradient is not None
    assert gradient[:8, :2].abs().min() > 0
    gradient[:8, :2] = 0
    assert not gradient.any()


def test_fresh_weights_are_small_and_biases_zero() -> None:
    supernet = supernets.build("gan-compression", {"base_channels": 16, "blocks": 1})
    weight = supernet.get_parameter("model.14.weight")
    assert abs(weight.std().item() - 0.02) < 2e-3
    assert not supernet.get_parameter("model.14.bias").any()
