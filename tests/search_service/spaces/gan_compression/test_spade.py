from typing import Any

import pytest

from search_service import spaces
from search_service.domain.space import SearchSpace
from search_service.errors import InvalidArchitecture, InvalidInput


def build(**parameters: Any) -> SearchSpace:
    return spaces.build(
        "gan-compression",
        {"generator": "spade", "base_channels": 64, "image_size": 256, **parameters},
    )


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("channels-48", 15_552),
        ("channels-64", 128_000),
        ("channels-64-coco", 390_625),
        ("channels-64_2", 5_764_801),
    ],
)
def test_a_published_space_has_its_published_size(name: str, size: int) -> None:
    assert build(space=name).size == size


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("32_40_40_32_40_24_32_24", "channels-48"),
        ("32_32_48_32_32_32_32_24", "channels-48"),
        ("32_32_32_48_32_24_24_32", "channels-64"),
        ("40_32_32_40_32_40_24_24", "channels-64"),
    ],
)
def test_a_published_architecture_lies_in_its_space(text: str, name: str) -> None:
    assert str(build(space=name).parse(text)) == text


def test_there_is_no_short_text_form() -> None:
    with pytest.raises(InvalidArchitecture, match="has 6 widths; a spade takes 8"):
        build().parse("64_64_64_64_64_64")


@pytest.mark.parametrize(
    ("parameters", "pointer", "says"),
    [
        ({"image_size": 250}, "image_size", "multiple of 32"),
        ({"upsampling": "most"}, "upsampling", "normal, more"),
        ({"aspect_ratio": -1.0}, "aspect_ratio", "from 1/16 to 16"),
        ({"blocks": 6}, "blocks", "residual generators alone"),
        ({"space": "channels-32"}, "space", "known for spade: channels-48, channels-64"),
        ({"base_channels": 48, "space": "channels-64"}, "space", "above base_channels 48"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(
    parameters: dict[str, Any], pointer: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        build(**parameters)
    assert refused.value.pointer == f"/parameters/{pointer}"
