"""Being asked to stop: signals that are counted, for a command to heed when it can."""

import signal
from contextlib import AbstractContextManager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals(AbstractContextManager["StopSignals"]):
    """Counts SIGINT, SIGTERM and SIGHUP inside its block, where they no longer end the process.

    The first asks to stop, a second to hurry. Those that were ignored before, as under `nohup`,
    stay ignored.
    """

    def __init__(self) -> None:
        self._count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopSignals":
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._count > 0

    @property
    def insisted(self) -> bool:
        """Whether to stop at any price."""
        return self._count > 1

    def _take(self, *_: Any) -> None:
        self._count += 1
