import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from workers.layers.normalisation import InstanceNorm


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_torch_s_norm_whatever_the_layout(layout: torch.memory_format) -> None:
    x = (3 * torch.randn(2, 5, 6, 7) + 100).contiguous(memory_format=layout)
    before = x.clone()
    assert_close(InstanceNorm()(x), F.instance_norm(x), atol=1e-4, rtol=1e-4)
    assert torch.equal(x, before)


def test_its_gradient_is_torch_s() -> None:
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64, requires_grad=True)
    weights = torch.randn_like(x)
    (gradient,) = torch.autograd.grad((InstanceNorm()(x) * weights).sum(), x)
    (expected,) = torch.autograd.grad((F.instance_norm(x) * weights).sum(), x)
    assert_close(gradient, expected)


def test_with_and_without_a_gradient_it_gives_the_same() -> None:
    x = torch.randn(2, 3, 5, 7)
    with_gradient = InstanceNorm()(x.clone().requires_grad_())
    assert torch.equal(InstanceNorm()(x), with_gradient)


def test_an_even_channel_stays_finite() -> None:
    x = torch.full((1, 2, 4, 4), 5.0, requires_grad=True)
    y = InstanceNorm()(x)
    y.sum().backward()
    assert torch.equal(y, torch.zeros_like(y))
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_its_gradient_can_be_differentiated() -> None:
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(InstanceNorm(), (x,))
