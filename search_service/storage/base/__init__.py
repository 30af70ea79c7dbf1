"""The storage contract.

Every method is one transaction: it happens whole or not at all, and is durable when it returns.
Values go in and come out by value; a caller may keep them. All methods may be called from many
threads and many processes at once. Times are UTC. Methods that take a `Claim` first check, in the
same transaction, that the job is still running under that claim's fence and raise LostClaim
otherwise, having written nothing; the lease's end alone does not end a claim, another claim does.
A lease lasts 20 minutes at most (ValueError): one that ends later than that from now was taken
before the clock was set back, and counts as ended.
Every method raises StorageUnavailable when the store does not answer.

Numbers must be finite and times aware: ValueError otherwise, nothing written. JSON columns come
back as JSON gives them (a tuple as a list).

Every change of a job appends events with the job's next sequence numbers in the same transaction;
`storage.changes` says what each kind carries.
"""

from typing import Protocol

from search_service.storage.base.answers import ANSWERS_KEPT, Answer, Answers
from search_service.storage.base.devices import Devices
from search_service.storage.base.evaluations import Evaluations
from search_service.storage.base.events import Events
from search_service.storage.base.jobs import Jobs
from search_service.storage.base.measurements import Measurements
from search_service.storage.base.paging import Page
from search_service.storage.base.supernets import Supernets
from search_service.storage.base.workers import Workers

__all__ = [
    "ANSWERS_KEPT",
    "Answer",
    "Answers",
    "Devices",
    "Evaluations",
    "Events",
    "Jobs",
    "Measurements",
    "Page",
    "Storage",
    "Supernets",
    "Workers",
]


class Storage(Protocol):
    """All of it. Opening a store of another schema version raises InvalidSetting."""

    supernets: Supernets
    jobs: Jobs
    evaluations: Evaluations
    measurements: Measurements
    events: Events
    devices: Devices
    answers: Answers
    workers: Workers

    def ping(self) -> None:
        """Return when the store answers."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
