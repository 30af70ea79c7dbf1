"""An answer's tag tells apart all that differ."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.prepared import Prepared

prepared = st.builds(
    Prepared,
    version=st.tuples(st.integers(1, 2**31), st.datetimes(timezones=st.just(UTC))),
    body=st.binary(),
    mark=st.text(),
)


@given(prepared)
def test_it_comes_back_as_it_was(answer: Prepared) -> None:
    assert Prepared.decoded(answer.encoded()) == answer


def test_one_event_later_or_at_another_time_is_another_tag() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    versions = [(3, at), (4, at), (3, at + timedelta(microseconds=1))]
    tags = {Prepared(version=version, body=b"").etag for version in versions}
    assert len(tags) == 3
    assert Prepared(version=None, body=b"").etag is None
