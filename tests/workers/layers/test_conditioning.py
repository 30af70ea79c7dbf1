import torch
from torch.testing import assert_close

from workers.layers.conditioning import ArchitectureModulation


def test_scale_is_one_and_shift_zero_when_nothing_has_been_learnt() -> None:
    modulation = ArchitectureModulation(8, 5)
    with torch.no_grad():
        for parameter in modulation.parameters():
            parameter.zero_()
    scale, shift = modulation(torch.rand(8))
    assert_close(scale, torch.ones(5))
    assert_close(shift, torch.zeros(5))
