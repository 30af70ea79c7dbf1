"""What passes a store's door."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.storage.values import by_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@dataclass(frozen=True, kw_only=True)
class Thing:
    name: str
    parts: Any


@given(JSON)
def test_json_is_copied_unchanged(value: Any) -> None:
    assert by_value(value) == value


def test_a_copy_shares_nothing() -> None:
    parts = {"a": [1, {"b": 2}]}
    copy = by_value(Thing(name="x", parts=parts))
    parts["a"].append(3)
    assert copy == Thing(name="x", parts={"a": [1, {"b": 2}]})


def test_sequences_become_lists_and_times_utc() -> None:
    east = timezone(timedelta(hours=2))
    pair: Any = (1, (2,))
    assert by_value({"t": pair}) == {"t": [1, [2]]}
    copied = by_value(datetime(2030, 1, 1, 2, tzinfo=east))
    assert copied == datetime(2030, 1, 1, tzinfo=UTC)
    assert copied.tzinfo is UTC


def test_numpy_floats_become_floats() -> None:
    assert type(by_value({"x": np.float64(0.5)})["x"]) is float


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite(number: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        by_value({"a": [{"b": number}]})


def test_times_must_have_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        by_value({"at": datetime(2030, 1, 1)})


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        by_value({"a": {1, 2}})
