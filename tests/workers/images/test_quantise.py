import torch
from torch.testing import assert_close

from workers.images import from_uint8, to_uint8


def test_every_level_survives_the_way_to_float_and_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    assert_close(to_uint8(from_uint8(levels)), levels)
    assert from_uint8(levels)[[0, 255]].tolist() == [-1.0, 1.0]


def test_what_lies_outside_is_clipped_not_wrapped() -> None:
    assert to_uint8(torch.tensor([-7.0, -1.001, 1.02, 300.0])).tolist() == [0, 0, 255, 255]


def test_the_input_stays_as_it_was() -> None:
    images = torch.tensor([0.25])
    to_uint8(images)
    assert images.item() == 0.25
