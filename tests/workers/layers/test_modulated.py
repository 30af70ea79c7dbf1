import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from workers.layers.modulated import ModulatedConv2d, StyledConv, ToRgb


def per_sample_weights(conv: ModulatedConv2d, w: torch.Tensor) -> torch.Tensor:
    """The paper's form: equations 1 and 3, a weight for each sample."""
    style: torch.Tensor = conv.modulation(w)
    weight: torch.Tensor = conv.scale * conv.weight * style[:, None, :, None, None]
    return weight * torch.rsqrt(weight.square().sum((2, 3, 4), keepdim=True) + 1e-8)


def test_scaling_in_and_outputs_equals_a_weight_per_sample() -> None:
    conv, x, w = ModulatedConv2d(6, 5, 8), torch.randn(3, 6, 7, 7), torch.randn(3, 8)
    weights = per_sample_weights(conv, w)
    expected = [F.conv2d(x[i : i + 1], weights[i], padding=1) for i in range(3)]
    y, factors = conv(x, w)
    assert_close(y * factors[:, :, None, None], torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_the_output_has_unit_variance_at_every_width() -> None:
    torch.manual_seed(0)
    conv, w = ModulatedConv2d(64, 64, 8), torch.randn(16, 8)
    for width in (16, 32, 64):
        y, factors = conv(torch.randn(16, width, 16, 16), w)
        inside = (y * factors[:, :, None, None])[..., 1:-1, 1:-1]
        assert_close(inside.var(), torch.tensor(1.0), atol=0.1, rtol=0)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("outputs", [1, 3, 5])
def test_a_narrow_run_is_a_prefix_of_the_wide_one(up: bool, outputs: int) -> None:
    layer = StyledConv(6, 5, 8, up=up)
    x, w = torch.randn(2, 4, 4, 4), torch.randn(2, 8)
    side = 8 if up else 4
    noise = torch.randn(1, 1, side, side)
    torch.nn.init.normal_(layer.noise.weight)
    assert_close(layer(x, w, noise, outputs), layer(x, w, noise)[:, :outputs])


def test_noise_is_added_before_the_activation_with_one_strength() -> None:
    layer, x, w = StyledConv(2, 3, 4), torch.randn(1, 2, 4, 4), torch.randn(1, 4)
    with torch.no_grad():
        layer.noise.weight.fill_(1000.0)
    y = layer(x, w, torch.full((1, 1, 4, 4), -1.0))
    assert (y < 0).all()  # so strong a negative noise turns every activation off
    assert_close(y / -1000.0, torch.full_like(y, 0.2 * 2**0.5), atol=0.01, rtol=0)


def test_an_image_is_added_to_the_one_below() -> None:
    rgb = ToRgb(4, 3, 8, skip=True)
    x, w, below = torch.randn(2, 4, 8, 8), torch.randn(2, 8), torch.randn(2, 3, 4, 4)
    assert_close(rgb(x, w, below), rgb(x, w) + rgb.upsample(below))


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("outputs", [None, 3])
def test_a_layer_gives_the_same_with_and_without_gradients_and_leaves_its_inputs(
    up: bool, outputs: int | None
) -> None:
    torch.manual_seed(0)
    layer = StyledConv(6, 5, 7, up=up)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    side = 8 if up else 4
    given = torch.randn(2, 6, 4, 4), torch.randn(2, 7), torch.randn(2, 1, side, side)
    before = [tensor.clone() for tensor in given]
    expected = layer(*given, outputs).detach()
    with torch.no_grad():
        assert_close(layer(*given, outputs), expected)
    assert all(torch.equal(now, then) for now, then in zip(given, before, strict=True))
