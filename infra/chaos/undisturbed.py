"""The same jobs where nothing happens to them: one worker, a Ray of its own, a SQLite file."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from infra.chaos import workload
from infra.chaos.outcome import Key, Outcome, all_jobs, measured, outcome
from infra.chaos.service import PROGRAM
from infra.chaos.session import Session
from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.queue import open_wake_ups
from search_service.storage import open_storage

POLL_SECONDS = 0.2


class Undisturbed:
    """Starts at once; `outcome` waits for its end."""

    def __init__(
        self, folder: Path, bodies: Mapping[str, workload.Body], doomed: Collection[str]
    ) -> None:
        """`folder` is made. First come the jobs that wait for no device, last those that are
        `doomed`."""
        folder.mkdir()
        self._folder = folder
        self._log = folder / "worker.log"
        self._url = f"sqlite:///{folder / 'gansearch.db'}"
        self._storage = open_storage(self._url)
        wake_ups = open_wake_ups(None)
        catalog.register_supernet(**workload.supernet(), storage=self._storage, wake_ups=wake_ups)
        self._later = [body for name, body in bodies.items() if name in doomed]
        others = [body for name, body in bodies.items() if name not in doomed]
        self._timed = [body for body in others if workload.is_timed(body["spec"])]
        self._submit(body for body in others if not workload.is_timed(body["spec"]))
        own = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
        settings = {"GANSEARCH_DATA_DIR": str(folder), "RAY_worker_niceness": "0"}
        self._worker = Session([*PROGRAM, "worker"], environment=own | settings, log=self._log)

    def outcome(self, seconds: float) -> tuple[Outcome, Collection[Key]]:
        """With the keys of those measurements that are needed though the doomed jobs be cancelled.
        Raises RuntimeError when the jobs have not ended by then, or the worker did."""
        deadline = time.monotonic() + seconds
        self._wait(deadline, until=self._storage.devices.all)
        self._submit(self._timed)
        self._wait(deadline)
        needed = measured(self._url)
        self._submit(self._later)
        self._wait(deadline)
        self._storage.close()
        return outcome(self._url, Artifacts(str(self._folder / "artifacts"))), needed

    def close(self) -> None:
        """End its worker and all that it started."""
        self._worker.kill()

    def _submit(self, bodies: Iterable[workload.Body]) -> None:
        for body in bodies:
            jobs.submit(
                body["kind"],
                body["spec"],
                labels=body["labels"],
                storage=self._storage,
                wake_ups=open_wake_ups(None),
            )

    def _all_ended(self) -> bool:
        return all(job.state.terminal for job in all_jobs(self._storage))

    def _wait(self, deadline: float, until: Callable[[], object] | None = None) -> None:
        """For all that were submitted, or until something is true."""
        until = until or self._all_ended
        while not until():
            if self._worker.ended or time.monotonic() > deadline:
                raise RuntimeError(
                    f"the undisturbed jobs do not end: {self._log.read_text()[-2000:]}"
                )
            time.sleep(POLL_SECONDS)
