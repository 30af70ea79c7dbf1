"""The contract of events: numbered, in order, told by the one who holds the claim."""

from collections.abc import Callable

from search_service.domain.event import Event, EventKind
from search_service.domain.job import Claim, Job
from search_service.storage.base import Storage

Start = Callable[[Storage, Job], Claim]
NewJob = Callable[..., Job]


def test_a_stream_goes_on_where_the_last_one_stopped(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    claim = start(storage, new_job())
    for done in range(5):
        storage.events.progress(claim, {"done": done})
    storage.events.log(claim, "half way")
    whole = storage.events.read(claim.job.id)
    assert [event.sequence for event in whole] == list(range(1, 9))
    assert whole[2].data == {"done": 0}
    assert (whole[-1].kind, whole[-1].data) == (EventKind.LOG, {"message": "half way"})
    read: list[Event] = []
    while batch := storage.events.read(claim.job.id, after=len(read), limit=3):
        assert len(batch) <= 3
        read.extend(batch)
    assert read == whole


def test_each_job_has_its_own_numbers(storage: Storage, new_job: NewJob, start: Start) -> None:
    for _ in range(2):
        claim = start(storage, new_job())
        assert [event.sequence for event in storage.events.read(claim.job.id)] == [1, 2]


def test_an_unknown_job_has_told_nothing(storage: Storage) -> None:
    assert storage.events.read("job_none") == []


def test_an_event_carries_the_store_s_time(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    advance(2.5)
    storage.events.log(claim, "later")
    first, *_, last = storage.events.read(claim.job.id)
    assert (last.at - first.at).total_seconds() == 2.5
