"""A worker's name is its own while it runs: two processes of one name would take each other's
jobs for theirs."""

import logging
import threading
import time
from collections.abc import Callable

from search_service.errors import InvalidSetting, NameTaken, StorageUnavailable
from search_service.storage.base import Storage

logger = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
TRY_SECONDS = 0.5


class Presence:
    """Has the name for as long as the block lasts, renewing it from its own thread; `lost` is
    called when another process has taken it, which it can once this one was silent for the lease.
    """

    def __init__(
        self, name: str, *, token: str, storage: Storage, lost: Callable[[], None]
    ) -> None:
        """`token` is this process's alone."""
        self._name = name
        self._token = token
        self._storage = storage
        self._lost = lost
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="presence", daemon=True)

    def __enter__(self) -> "Presence":
        """Waits for what a killed predecessor of the same name left to run out; raises
        InvalidSetting when its owner lives."""
        self._arrive()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        try:
            self._storage.workers.leave(self._name, token=self._token)
        except StorageUnavailable as error:
            logger.warning("the name runs out by itself", extra={"reason": str(error)})

    def _arrive(self) -> None:
        deadline = time.monotonic() + LEASE_SECONDS + TRY_SECONDS
        while True:
            try:
                self._storage.workers.arrive(
                    self._name, token=self._token, lease_seconds=LEASE_SECONDS
                )
            except NameTaken as error:
                if time.monotonic() > deadline:
                    raise InvalidSetting(
                        f"{error}: a worker is named by its host and process, {self._name} here; "
                        "give this one a host name of its own"
                    ) from error
                time.sleep(TRY_SECONDS)
            else:
                return

    def _beat(self) -> None:
        try:
            self._stay_on()
        finally:  # by whatever error: another may take a name that nobody renews
            if not self._done.is_set():
                self._lost()

    def _stay_on(self) -> None:
        """Until the work is done or the name is another's."""
        while not self._done.wait(RENEW_SECONDS):
            try:
                self._storage.workers.stay(
                    self._name, token=self._token, lease_seconds=LEASE_SECONDS
                )
            except NameTaken as error:
                logger.error("stopping", extra={"reason": str(error)})
                return
            except StorageUnavailable as error:
                logger.warning("not renewed", extra={"reason": str(error)})
