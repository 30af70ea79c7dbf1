from itertools import pairwise

from search_service.spaces.gan_compression.spade_channels import spade_channels, uniform_channels


def test_a_published_subnet_has_its_published_channels() -> None:
    blocks = spade_channels((32, 40, 40, 32, 40, 24, 32, 24))
    assert [b.inputs for b in blocks] == [512, 512, 512, 512, 320, 96, 64]
    assert [b.hidden for b in blocks] == [640, 640, 512, 320, 96, 64, 24]
    assert [b.outputs for b in blocks] == [512, 512, 512, 320, 96, 64, 24]
    assert [b.norm_hidden for b in blocks] == [80, 80, 64, 80, 48, 64, 48]
    assert [b.narrows for b in blocks] == [False, False, False, True, True, True, True]


def test_every_block_takes_what_the_one_before_gives() -> None:
    blocks = spade_channels((3, 1, 4, 1, 5, 9, 2, 6))
    for before, after in pairwise(blocks):
        assert before.outputs == after.inputs


def test_no_subnet_is_anywhere_wider_than_its_supernet() -> None:
    narrow, full = spade_channels((4, 1, 4, 2, 3, 4, 1, 2)), uniform_channels(4)
    for block, widest in zip(narrow, full, strict=True):
        assert all(a <= b for a, b in zip(block, widest, strict=True))
