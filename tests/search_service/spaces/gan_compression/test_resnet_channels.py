import pytest

from search_service.spaces.gan_compression.resnet_channels import (
    group_sizes,
    legacy_channels,
    resnet_channels,
)


@pytest.mark.parametrize(
    ("blocks", "sizes"),
    [
        (9, (3, 3, 3)),
        (6, (2, 2, 2)),
        (10, (4, 3, 3)),
        (11, (4, 4, 3)),
        (2, (1, 1, 0)),
        (1, (1, 0, 0)),
    ],
)
def test_groups_are_as_even_as_can_be(blocks: int, sizes: tuple[int, ...]) -> None:
    assert group_sizes(blocks) == sizes


def test_each_layer_multiplies_its_base_width() -> None:
    channels = resnet_channels((1, 2, 3, 4, 5, 6, 7, 8), blocks=4)
    assert channels == (1, 4, 12, (16, 16, 20, 24), 14, 8)


def test_a_legacy_generator_has_the_hidden_width_in_every_third_block() -> None:
    channels = legacy_channels((6, 4, 8, 12, 5, 7), blocks=9)
    assert channels.hidden == (48, 32, 32) * 3
    assert (channels.up1, channels.up2) == (10, 7)
