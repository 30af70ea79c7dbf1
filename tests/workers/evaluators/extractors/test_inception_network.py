"""The structure of the network, which its weights alone cannot show."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.evaluators.extractors.inception_blocks import ConvNorm, Grid8, average
from workers.evaluators.extractors.inception_network import (
    InceptionNetwork,
    normalised,
    parameter_count,
)


@pytest.fixture(scope="module")
def network() -> InceptionNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return InceptionNetwork().eval().requires_grad_(False)


def test_it_has_as_many_parameters_as_the_published_file() -> None:
    assert parameter_count() == 23_850_960


def test_keys_and_shapes_are_those_of_the_common_state_dict(network: InceptionNetwork) -> None:
    state = network.state_dict()
    assert sum(name.endswith("conv.weight") for name in state) == 94
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    expected = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch_pool.conv.weight": (64, 288, 1, 1),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
        "Mixed_6c.branch7x7dbl_2.conv.weight": (160, 160, 7, 1),
        "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch1x1.conv.weight": (320, 1280, 1, 1),
        "Mixed_7c.branch3x3dbl_1.conv.weight": (448, 2048, 1, 1),
        "Mixed_7c.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }
    assert {name: shapes.get(name) for name in expected} == expected
    assert not any("AuxLogits" in name for name in state)


def test_batch_norms_have_tensorflows_epsilon(network: InceptionNetwork) -> None:
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {0.001}
    assert len(norms) == 94


def test_taps_have_their_sizes_and_the_last_is_what_a_call_gives(
    network: InceptionNetwork,
) -> None:
    sides: dict[str, int] = {}

    def note(name: str) -> None:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            sides[name] = output.shape[-1]

        network.get_submodule(name).register_forward_hook(hook)

    for name in ("Conv2d_1a_3x3", "Conv2d_2b_3x3", "Mixed_5d", "Mixed_6e", "Mixed_7c"):
        note(name)
    images = torch.randint(0, 256, (1, 3, 32, 40)).byte()
    taps: Mapping[int, Tensor] = network.taps(images)
    assert {size: tuple(tap.shape) for size, tap in taps.items()} == {
        size: (1, size) for size in (64, 192, 768, 2048)
    }
    assert sides == {
        "Conv2d_1a_3x3": 149,
        "Conv2d_2b_3x3": 147,
        "Mixed_5d": 35,
        "Mixed_6e": 17,
        "Mixed_7c": 8,
    }
    torch.testing.assert_close(network(images), taps[2048])


def test_averages_leave_padding_out() -> None:
    assert torch.equal(average(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))
    corner = average(torch.arange(9.0).view(1, 1, 3, 3))[0, 0, 0, 0]
    assert corner == (0 + 1 + 3 + 4) / 4


def test_the_last_block_pools_by_the_maximum_and_the_one_before_it_by_the_average(
    network: InceptionNetwork,
) -> None:
    for block, pooled in (
        (network.Mixed_7b, average),
        (network.Mixed_7c, lambda x: F.max_pool2d(x, 3, 1, 1)),
    ):
        assert isinstance(block, Grid8)
        x = torch.randn(1, block.branch1x1.conv.in_channels, 8, 8)
        torch.testing.assert_close(block(x)[:, -192:], block.branch_pool(pooled(x)))


def test_a_layer_is_convolution_norm_and_relu() -> None:
    layer = ConvNorm(2, 3, 3, padding=1).eval()
    assert layer.bn.running_mean is not None
    layer.bn.running_mean.uniform_(-1, 1)
    x = torch.randn(1, 2, 5, 5)
    shift = layer.bn.running_mean.view(1, 3, 1, 1)
    expected = ((layer.conv(x) - shift) / (1 + 0.001) ** 0.5).clamp(min=0)
    torch.testing.assert_close(layer(x), expected)


def test_images_are_brought_to_299_and_to_the_range_of_tensorflow() -> None:
    found = normalised(torch.tensor([0, 128, 255], dtype=torch.uint8).view(3, 1, 1, 1))
    assert found.shape == (3, 1, 299, 299)
    assert found[:, 0, 7, 7].tolist() == [-1.0, 0.0, 127 / 128]


def test_classes_are_told_without_the_bias_of_the_last_layer(network: InceptionNetwork) -> None:
    features = torch.randn(2, 2048)
    expected = network.fc(features) - network.fc.bias
    torch.testing.assert_close(network.logits(features), expected, rtol=1e-4, atol=1e-4)
