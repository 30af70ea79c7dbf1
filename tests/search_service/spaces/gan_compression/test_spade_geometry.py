from itertools import pairwise
from typing import Any

import pytest

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade_geometry import (
    DOUBLINGS,
    image_sides,
    start_sides,
)


def parameters(**given: Any) -> GanCompressionParameters:
    return GanCompressionParameters(generator="spade", base_channels=4, **given)


@pytest.mark.parametrize(
    ("given", "start", "image"),
    [
        ({"image_size": 512, "aspect_ratio": 2.0, "upsampling": "more"}, (4, 8), (256, 512)),
        ({"image_size": 256}, (8, 8), (256, 256)),
        ({"image_size": 64, "aspect_ratio": 0.5}, (4, 2), (128, 64)),
        ({"image_size": 96, "aspect_ratio": 1.8}, (2, 3), (64, 96)),  # 1.67 rounds to 2
    ],
)
def test_the_published_sides(
    given: dict[str, Any], start: tuple[int, int], image: tuple[int, int]
) -> None:
    assert start_sides(parameters(**given)) == start
    assert image_sides(parameters(**given)) == image


def test_a_side_never_shrinks_and_doubles_once_at_a_time_after_the_middle() -> None:
    for doublings in DOUBLINGS.values():
        steps = [b - a for a, b in pairwise(doublings)]
        assert set(steps) <= {0, 1}
        assert steps[-4:] == [1] * 4


@pytest.mark.parametrize(
    ("given", "pointer", "says"),
    [
        ({"image_size": 65}, "image_size", "a multiple of 32 with upsampling normal, got 65"),
        ({"image_size": 0}, "image_size", "a multiple of 32"),
        ({"image_size": 96, "upsampling": "more"}, "image_size", "a multiple of 64 .* more"),
        ({"image_size": 32}, "image_size", "1x1 to start from"),
        ({"image_size": 64, "aspect_ratio": 5.0}, "image_size", "0x2 to start from"),
        ({"image_size": 64, "aspect_ratio": 0.0}, "aspect_ratio", "from 1/16 to 16"),
        ({"image_size": 64, "aspect_ratio": float("nan")}, "aspect_ratio", "from 1/16 to 16"),
    ],
)
def test_impossible_sides_are_refused(given: dict[str, Any], pointer: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        start_sides(parameters(**given))
    assert refused.value.pointer == f"/parameters/{pointer}"
