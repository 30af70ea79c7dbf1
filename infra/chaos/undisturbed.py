"""The same jobs where nothing happens to them: one worker, a Ray of its own, a SQLite file."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from infra.chaos import workload
from infra.chaos.outcome import Outcome, all_jobs, outcome
from infra.chaos.service import PROGRAM
from infra.chaos.session import Session
from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.queue import open_wake_ups
from search_service.storage import open_storage

POLL_SECONDS = 0.2


class Undisturbed:
    """Starts at once; `outcome` waits for its end."""

    def __init__(self, folder: Path, bodies: Mapping[str, workload.Body]) -> None:
        """`folder` is made."""
        folder.mkdir()
        self._folder = folder
        self._log = folder / "worker.log"
        self._url = f"sqlite:///{folder / 'gansearch.db'}"
        self._storage = open_storage(self._url)
        wake_ups = open_wake_ups(None)
        catalog.register_supernet(**workload.supernet(), storage=self._storage, wake_ups=wake_ups)
        for body in bodies.values():
            jobs.submit(
                body["kind"],
                body["spec"],
                labels=body["labels"],
                storage=self._storage,
                wake_ups=wake_ups,
            )
        own = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
        settings = {"GANSEARCH_DATA_DIR": str(folder), "RAY_worker_niceness": "0"}
        self._worker = Session([*PROGRAM, "worker"], environment=own | settings, log=self._log)

    def outcome(self, seconds: float) -> Outcome:
        """Raises RuntimeError when the jobs have not ended by then, or the worker did."""
        deadline = time.monotonic() + seconds
        while not all(job.state.terminal for job in all_jobs(self._storage)):
            if self._worker.ended or time.monotonic() > deadline:
                raise RuntimeError(
                    f"the undisturbed jobs do not end: {self._log.read_text()[-2000:]}"
                )
            time.sleep(POLL_SECONDS)
        self._storage.close()
        return outcome(self._url, Artifacts(str(self._folder / "artifacts")))

    def close(self) -> None:
        """End its worker and all that it started."""
        self._worker.kill()
