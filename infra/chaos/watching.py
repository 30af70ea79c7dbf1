"""What the database tells of the jobs, read again and again from a thread of its own."""

import threading

from sqlalchemy import func, select

from search_service.domain.job import JobState
from search_service.errors import StorageUnavailable
from search_service.storage import open_storage
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import jobs

LOOK_SECONDS = 0.2


class Watching:
    """While the database is away, or stands still, what it said last."""

    def __init__(self, url: str) -> None:
        """Looks once it is started."""
        self._database = Database(url)
        self._storage_url = url
        self._done = threading.Event()
        self.events = 0  # told so far, of all jobs
        self.jobs = 0
        self.open_jobs = 0
        self.workers: frozenset[str] = frozenset()  # that are present
        self.devices: frozenset[str] = frozenset()  # that are registered
        self._thread = threading.Thread(target=self._watch, name="watching", daemon=True)

    def start(self) -> None:
        """Begin; the database has its schema by now."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; the database must answer, or be gone."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._database.close()

    def _watch(self) -> None:
        is_open = jobs.c.state.not_in([s for s in JobState if s.terminal])
        statement = select(
            func.coalesce(func.sum(jobs.c.last_event), 0),
            func.count(),
            func.count().filter(is_open),
        )
        storage = None
        while not self._done.wait(LOOK_SECONDS):
            try:
                storage = storage or open_storage(self._storage_url)
                with self._database.reading() as connection:
                    self.events, self.jobs, self.open_jobs = connection.execute(statement).one()
                self.workers = frozenset(storage.workers.present())
                self.devices = frozenset(device.name for device in storage.devices.all())
            except StorageUnavailable:
                continue
        if storage is not None:
            storage.close()
