import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from workers.layers.image_conv import ImageConv2d


@pytest.mark.parametrize("outputs", [1, 3, 4, 5])
@pytest.mark.parametrize("sides", [(14, 18), (13, 18), (14, 17)])  # with odd results, too
@pytest.mark.parametrize("active", [1, 6])
def test_it_is_the_convolution_of_torch(outputs: int, sides: tuple[int, int], active: int) -> None:
    conv = ImageConv2d(6, outputs, 7)
    x = torch.randn(2, active, *sides)
    assert_close(conv(x), F.conv2d(x, conv.weight[:, :active], conv.bias), atol=1e-5, rtol=1e-4)


def test_its_gradients_are_those_of_the_convolution_of_torch() -> None:
    conv = ImageConv2d(6, 3, 7).double()
    x = torch.randn(2, 4, 14, 18, dtype=torch.float64, requires_grad=True)
    target = torch.randn(2, 3, 8, 12, dtype=torch.float64)
    assert conv.bias is not None
    inputs = (x, conv.weight, conv.bias)
    found = torch.autograd.grad((conv(x) * target).sum(), inputs)
    plain = F.conv2d(x, conv.weight[:, :4], conv.bias)
    assert_close(found, torch.autograd.grad((plain * target).sum(), inputs))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_traced_one_is_an_ordinary_convolution() -> None:
    conv, x = ImageConv2d(6, 3, 7), torch.randn(1, 6, 14, 14)
    graph = str(torch.jit.trace(conv, x).graph)  # type: ignore[no-untyped-call]  # torch's own
    assert "aten::_convolution" in graph
    assert "pixel_shuffle" not in graph


@pytest.mark.slow
def test_an_exported_one_is_an_ordinary_convolution() -> None:
    conv, x = ImageConv2d(6, 3, 7), torch.randn(1, 6, 14, 14)
    graph = str(torch.export.export(conv, (x,)).graph)
    assert "conv2d" in graph
    assert "pixel_shuffle" not in graph
