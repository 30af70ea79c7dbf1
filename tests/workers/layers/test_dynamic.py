import pytest
import torch
from torch import nn
from torch.testing import assert_close

from workers.layers.dynamic import (
    DynamicConv2d,
    DynamicConvTranspose2d,
    DynamicDepthwiseConv2d,
)


@pytest.mark.parametrize("inputs", [1, 3, 8])
@pytest.mark.parametrize("outputs", [1, 5, 16])
@pytest.mark.parametrize("bias", [True, False])
def test_a_narrow_run_is_that_of_the_first_filters_alone(
    inputs: int, outputs: int, bias: bool
) -> None:
    conv = DynamicConv2d(8, 16, 3, stride=2, padding=1, bias=bias)
    alone = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=bias)
    alone.weight.data = conv.weight.data[:outputs, :inputs]
    if conv.bias is not None and alone.bias is not None:
        alone.bias.data = conv.bias.data[:outputs]
    x = torch.randn(2, inputs, 9, 7)
    assert_close(conv(x, outputs), alone(x))


@pytest.mark.parametrize("inputs", [1, 3, 8])
@pytest.mark.parametrize("outputs", [1, 5, 16])
def test_a_narrow_transposed_run_is_that_of_the_first_filters_alone(
    inputs: int, outputs: int
) -> None:
    conv = DynamicConvTranspose2d(8, 16, 3, stride=2, padding=1, output_padding=1)
    alone = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    alone.weight.data = conv.weight.data[:inputs, :outputs]
    alone.bias.data = conv.bias.data[:outputs]  # type: ignore[union-attr]  # it has one
    x = torch.randn(2, inputs, 9, 7)
    assert_close(conv(x, outputs), alone(x))


@pytest.mark.parametrize("channels", [1, 3, 8])
def test_a_channel_is_filtered_alike_whatever_others_come(channels: int) -> None:
    conv, x = DynamicDepthwiseConv2d(8, 3, padding=1), torch.randn(2, 8, 9, 7)
    assert_close(conv(x[:, :channels]), conv(x)[:, :channels])


@pytest.mark.parametrize(
    ("dynamic", "plain"),
    [
        (DynamicConv2d(8, 16, 3), nn.Conv2d(8, 16, 3)),
        (DynamicConvTranspose2d(8, 16, 3), nn.ConvTranspose2d(8, 16, 3)),
        (DynamicDepthwiseConv2d(8, 3), nn.Conv2d(8, 8, 3, groups=8)),
    ],
)
def test_without_a_width_it_runs_as_the_layer_of_torch(
    dynamic: nn.Module, plain: nn.Module
) -> None:
    dynamic.load_state_dict(plain.state_dict())
    x = torch.randn(2, 8, 9, 7)
    assert torch.equal(dynamic(x), plain(x))


def test_the_weights_at_rest_get_no_gradient() -> None:
    conv = DynamicConv2d(8, 16, 3)
    conv(torch.randn(2, 3, 9, 7), 5).sum().backward()
    gradient = conv.weight.grad
    assert gradient is not None
    assert gradient[:5, :3].abs().min() > 0
    gradient[:5, :3] = 0
    assert not gradient.any()
