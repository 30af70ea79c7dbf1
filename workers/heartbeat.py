"""Keeping a claim alive while its job is worked on, and telling the work when to stop."""

import logging
import threading

from search_service.domain.job import Claim
from search_service.errors import LostClaim, StorageUnavailable
from search_service.storage.base import Storage

logger = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
RENEW_SECONDS = 2.0  # also how soon a cancelled or paused job is noticed


class Draining(Exception):
    """The worker was asked to stop: the job is handed back, its records kept."""


class Heartbeat:
    """Renews a claim from its own thread; `check` tells the working thread when to stop."""

    def __init__(self, claim: Claim, *, storage: Storage, stop: threading.Event) -> None:
        self._claim = claim
        self._storage = storage
        self._stop = stop
        self._lost = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LostClaim when the claim has ended, Draining when the worker is to stop."""
        if self._lost.is_set():
            raise LostClaim(f"job {self._claim.job.id} is no longer this worker's")
        if self._stop.is_set():
            raise Draining

    def _beat(self) -> None:
        try:
            self._renew_on()
        finally:  # by whatever error: a claim that nobody renews is as good as lost
            if not self._done.is_set():
                self._lost.set()

    def _renew_on(self) -> None:
        """Until the work is done or its claim has ended."""
        while not self._done.wait(RENEW_SECONDS):
            try:
                self._claim = self._storage.jobs.renew(self._claim, lease_seconds=LEASE_SECONDS)
            except LostClaim:
                return
            except StorageUnavailable as error:
                # The lease outlasts several beats, and its end alone does not end the claim.
                logger.warning("not renewed", extra={"reason": str(error)})
