import pytest
import torch
from torch.testing import assert_close

from workers.layers.spade_parts import DENSE, DYNAMIC, SEPARABLE, SpadeParts, run_at


@pytest.mark.parametrize("parts", [DENSE, SEPARABLE, DYNAMIC])
def test_every_modulation_keeps_the_sides(parts: SpadeParts) -> None:
    modulation = parts.modulation(4, 7)
    assert run_at(modulation, torch.randn(2, 4, 3, 5), None).shape == (2, 7, 3, 5)


def test_dynamic_layers_have_the_weights_of_plain_ones() -> None:
    plain, dynamic = SEPARABLE.modulation(4, 7), DYNAMIC.modulation(4, 7)
    dynamic.load_state_dict(plain.state_dict())
    x = torch.randn(2, 4, 3, 5)
    assert_close(run_at(dynamic, x, 3), plain(x)[:, :3])
