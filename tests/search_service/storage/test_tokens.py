"""Page tokens come back as they were made, and nothing else is taken for one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import InvalidInput
from search_service.storage import tokens


@given(
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**62), 2**62),
)
def test_a_key_comes_back_exactly(value: float | None, number: int) -> None:
    token = tokens.encode("list", value, number)
    assert tokens.decode(token, "list", float, int) == (value, number)
    with pytest.raises(InvalidInput):
        tokens.decode(token, "other", float, int)


@given(st.text())
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        tokens.decode(text, "list", datetime, str)
    assert caught.value.pointer == "/page_token"


@pytest.mark.parametrize(
    "key",
    [
        (1, "id"),
        ("2030-01-01", "id"),
        ("2030-01-01T00:00:00", "id"),  # no zone
        ("soon", "id"),
        (datetime(2030, 1, 1, tzinfo=UTC).isoformat(), 7),
        (datetime(2030, 1, 1, tzinfo=UTC).isoformat(), "a\x00"),
        (datetime(2030, 1, 1, tzinfo=UTC).isoformat(),),
    ],
)
def test_a_key_of_other_types_is_refused(key: tuple[str | float, ...]) -> None:
    with pytest.raises(InvalidInput):
        tokens.decode(tokens.encode("list", *key), "list", datetime, str)


def test_a_deep_or_huge_token_is_refused() -> None:
    deep = "W1tb" * 30_000  # opening brackets
    with pytest.raises(InvalidInput):
        tokens.decode(deep, "list", int)
    with pytest.raises(InvalidInput):
        tokens.decode(tokens.encode("list", 2**63), "list", int)
