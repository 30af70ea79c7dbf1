"""The table of families: spaces from JSON, and what may be said in it."""

import json
from typing import Any

import pytest

from search_service import spaces
from search_service.errors import InvalidInput, UnknownName
from search_service.spaces import SPACES


def test_every_family_builds_a_space_of_its_name_and_tells_its_schema() -> None:
    assert "anycost" in SPACES
    assert spaces.build("anycost", {"resolution": 16}).family == "anycost"
    schema = SPACES["anycost"].schema()
    assert schema["required"] == ["resolution"]
    assert schema["properties"]["channel_max"] == {"type": "integer", "default": 512}


@pytest.mark.parametrize(
    ("family", "required"),
    [("anycost", {"resolution": 64}), ("gan-compression", {"base_channels": 16})],
)
def test_what_the_schema_calls_default_is_what_is_built(
    family: str, required: dict[str, Any]
) -> None:
    schema = json.loads(json.dumps(SPACES[family].schema()))  # as a client gets it
    assert schema["required"] == list(required)
    properties = schema["properties"]
    defaults = {name: entry["default"] for name, entry in properties.items() if "default" in entry}
    assert spaces.build(family, {**required, **defaults}) == spaces.build(family, required)


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown supernet family 'dcgan'; known: .*anycost"):
        spaces.build("dcgan", {})


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="'width'; known: resolution, ") as refused:
        spaces.build("anycost", {"resolution": 32, "width": 1})
    assert refused.value.pointer == "/parameters/width"


@pytest.mark.parametrize("value", ["32", 32.0, True, None, [32]])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="'resolution' must be int") as refused:
        spaces.build("anycost", {"resolution": value})
    assert refused.value.pointer == "/parameters/resolution"


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(InvalidInput, match="'resolution' is missing"):
        spaces.build("anycost", {})
