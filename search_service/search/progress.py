"""Progress events of a running search: what is done, what is left, how long it may take."""

import time

from search_service.domain.job import Claim
from search_service.search.plan import Plan
from search_service.search.standing import Standing
from search_service.storage.base import Storage

PERIOD_SECONDS = 1.0


class Progress:
    """Tells the storage at most once a period; the rate is that of this claim."""

    def __init__(self, *, claim: Claim, plan: Plan, storage: Storage) -> None:
        self._claim = claim
        self._plan = plan
        self._storage = storage
        self._started = time.monotonic()
        self._before: int | None = None  # evaluations that stood when this claim began
        self._told = float("-inf")

    def tell(self, standing: Standing, *, in_flight: int) -> None:
        """Of the search itself."""
        done = len(standing.evaluations)
        if self._before is None:
            self._before = done
        budget = self._plan.spec.budget.evaluations
        rate = (done - self._before) / max(time.monotonic() - self._started, 1e-9)
        self._append(
            {
                "phase": "search",
                "done": done,
                "budget": budget,
                "in_flight": in_flight,
                "eta_seconds": round((budget - done) / rate, 1) if rate else None,
                **_summary(standing),
            },
            at_end=done == budget,
        )

    def tell_final(self, standing: Standing, done: int, total: int) -> None:
        """Of the re-measurement of the front."""
        self._append(
            {"phase": "final", "done": done, "budget": total, **_summary(standing)},
            at_end=done in (0, total),
        )

    def _append(self, data: dict[str, object], *, at_end: bool) -> None:
        now = time.monotonic()
        if at_end or now - self._told >= PERIOD_SECONDS:
            self._told = now
            self._storage.events.progress(self._claim, data)


def _summary(standing: Standing) -> dict[str, object]:
    front = standing.front()
    return {"front_size": len(front), "hypervolume": standing.hypervolume(front)}
