"""The reference store: plain dicts under one lock, gone with the process."""

from search_service.storage.base import (
    Answers,
    Devices,
    Evaluations,
    Events,
    Jobs,
    Measurements,
    Supernets,
    Workers,
)
from search_service.storage.clock import Clock, utc_now
from search_service.storage.memory.answers import MemoryAnswers
from search_service.storage.memory.devices import MemoryDevices
from search_service.storage.memory.evaluations import MemoryEvaluations
from search_service.storage.memory.events import MemoryEvents
from search_service.storage.memory.jobs import MemoryJobs
from search_service.storage.memory.measurements import MemoryMeasurements
from search_service.storage.memory.supernets import MemorySupernets
from search_service.storage.memory.tables import Tables
from search_service.storage.memory.workers import MemoryWorkers

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """Says what the contract means; every other store must do as it does."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        tables = Tables(clock=clock)
        self.supernets: Supernets = MemorySupernets(tables)
        self.jobs: Jobs = MemoryJobs(tables)
        self.evaluations: Evaluations = MemoryEvaluations(tables)
        self.measurements: Measurements = MemoryMeasurements(tables)
        self.events: Events = MemoryEvents(tables)
        self.devices: Devices = MemoryDevices(tables)
        self.answers: Answers = MemoryAnswers(tables)
        self.workers: Workers = MemoryWorkers(tables)

    def ping(self) -> None:
        """Always answers."""

    def close(self) -> None:
        """Nothing to give back."""
