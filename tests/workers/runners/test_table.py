"""Every kind of job that can be submitted has what runs it."""

from search_service.domain.job import JobKind
from workers.runners import RUNNERS


def test_every_kind_has_its_runner() -> None:
    assert set(RUNNERS) == set(JobKind)
