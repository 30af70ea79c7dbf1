import math

import torch
from torch.testing import assert_close

from workers.layers.equalized import EqualizedLinear, EqualizedWeight


def test_a_fresh_linear_layer_keeps_the_variance() -> None:
    torch.manual_seed(0)
    y = EqualizedLinear(256, 512)(torch.randn(64, 256))
    assert_close(y.var(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_a_slow_layer_starts_like_a_fast_one_and_moves_less() -> None:
    torch.manual_seed(0)
    slow = EqualizedLinear(64, 64, rate=0.01)
    x = torch.randn(512, 64)
    assert_close(slow(x).var(), torch.tensor(1.0), atol=0.1, rtol=0)
    before = slow(x)
    with torch.no_grad():
        slow.bias.add_(1.0)
    assert_close(slow(x) - before, torch.full_like(before, 0.01), atol=1e-6, rtol=0)


def test_fewer_outputs_are_the_first_of_all() -> None:
    linear = EqualizedLinear(8, 16, bias=0.5)
    x = torch.randn(3, 8)
    assert_close(linear(x, 5), linear(x)[:, :5])


def test_a_convolution_weight_is_divided_by_the_root_of_its_fan_in() -> None:
    weight = EqualizedWeight(4, 6, 3)
    assert_close(weight() * math.sqrt(4 * 9), weight.weight)
