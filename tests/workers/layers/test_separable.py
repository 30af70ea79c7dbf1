import pytest
import torch
from torch.testing import assert_close

from workers.layers.separable import DynamicSeparableConv2d, SeparableConv2d


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 5), (8, 16)])
def test_a_narrow_run_is_that_of_the_narrow_layer(inputs: int, outputs: int) -> None:
    dynamic = DynamicSeparableConv2d(8, 16, 3)
    alone = SeparableConv2d(inputs, outputs, 3)
    state = dynamic.state_dict()
    alone.load_state_dict(
        {n: state[n][tuple(map(slice, t.shape))] for n, t in alone.state_dict().items()}
    )
    x = torch.randn(2, inputs, 9, 7)
    assert_close(dynamic(x, outputs), alone(x))


def test_the_names_are_the_published_ones() -> None:
    shapes = {name: tuple(t.shape) for name, t in SeparableConv2d(4, 6, 3).state_dict().items()}
    assert shapes == {
        "conv.0.weight": (4, 1, 3, 3),
        "conv.0.bias": (4,),
        "conv.2.weight": (6, 4, 1, 1),
        "conv.2.bias": (6,),
    }
