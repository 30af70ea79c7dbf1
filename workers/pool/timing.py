"""What lives in the process of an actor that times a device's reference network."""

from collections.abc import Mapping
from typing import Any

from workers.evaluators.latency import calibrate


class Timing:
    """An actor, for it can be ended whatever it does: Ray may abort whoever cancels a task that
    ends in that moment."""

    def protocol(self) -> Mapping[str, Any]:
        """See `calibrate`."""
        return calibrate()
