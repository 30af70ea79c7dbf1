"""Parameters from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from search_service.domain.parameters import bounded, one_of, parameters_schema, read_parameters
from search_service.errors import InvalidInput, UnknownName


@dataclass(frozen=True, kw_only=True)
class Oven:
    degrees: float
    minutes: int = bounded(20, minimum=1, maximum=90)
    heat: str = one_of("top", "top", "bottom")
    fan: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)
    shelves: tuple[int, ...] = ()


def test_what_is_left_out_takes_its_default_and_an_int_is_a_number() -> None:
    assert read_parameters(Oven, {"degrees": 180}) == Oven(degrees=180)


@pytest.mark.parametrize(
    ("given", "error", "pointer", "words"),
    [
        ({"degrees": 1, "colour": "red"}, UnknownName, "/at/colour", "known: degrees, minutes"),
        ({}, InvalidInput, "/at", "'degrees' is missing"),
        ({"degrees": "hot"}, InvalidInput, "/at/degrees", "must be float, got 'hot'"),
        ({"degrees": True}, InvalidInput, "/at/degrees", "must be float"),
        ({"degrees": 1, "minutes": 2.0}, InvalidInput, "/at/minutes", "must be int"),
        ({"degrees": 1, "minutes": 0}, InvalidInput, "/at/minutes", "at least 1, got 0"),
        ({"degrees": 1, "minutes": 91}, InvalidInput, "/at/minutes", "at most 90"),
        ({"degrees": 1, "heat": "left"}, InvalidInput, "/at/heat", "one of top, bottom"),
        ({"degrees": 1, "fan": 1}, InvalidInput, "/at/fan", "must be bool"),
        ({"degrees": 1, "extras": [1]}, InvalidInput, "/at/extras", "must be an object"),
        ({"degrees": 1, "shelves": 2}, InvalidInput, "/at/shelves", "must be a list"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(
    given: Mapping[str, Any], error: type[InvalidInput], pointer: str, words: str
) -> None:
    with pytest.raises(error, match=words) as refusal:
        read_parameters(Oven, given, pointer="/at")
    assert refusal.value.pointer == pointer


def test_the_schema_says_what_reading_checks() -> None:
    assert parameters_schema(Oven) == {
        "type": "object",
        "properties": {
            "degrees": {"type": "number"},
            "minutes": {"type": "integer", "minimum": 1, "maximum": 90, "default": 20},
            "heat": {"type": "string", "enum": ["top", "bottom"], "default": "top"},
            "fan": {"type": "boolean", "default": False},
            "extras": {"type": "object", "default": {}},
            "shelves": {"type": "array", "default": ()},
        },
        "required": ["degrees"],
        "additionalProperties": False,
    }
