"""Progress events of a running search: what is done, what is left, how long it may take."""

import time

from search_service.domain.job import Claim
from search_service.search.plan import Plan
from search_service.search.standing import Standing
from search_service.search.stopwatch import Stopwatch
from search_service.storage.base import Storage

PERIOD_SECONDS = 1.0


class Progress:
    """Tells the storage at most once a period; the rate is that of this claim."""

    def __init__(self, *, claim: Claim, plan: Plan, storage: Storage, stopwatch: Stopwatch) -> None:
        self._claim = claim
        self._plan = plan
        self._storage = storage
        self._stopwatch = stopwatch
        self._before: int | None = None  # evaluations that stood when this claim began
        self._told = float("-inf")
        self._final_began: float | None = None  # and how many were done by then
        self._final_before = 0

    def tell(self, standing: Standing, *, in_flight: int) -> None:
        """Of the search itself."""
        done = len(standing.evaluations)
        if self._before is None:
            self._before = done
        budget = self._plan.spec.budget.evaluations
        rate = (done - self._before) / max(self._stopwatch.own(), 1e-9)
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
        now = time.monotonic()
        if self._final_began is None:
            self._final_began, self._final_before = now, done
        rate = (done - self._final_before) / max(now - self._final_began, 1e-9)
        self._append(
            {
                "phase": "final",
                "done": done,
                "budget": total,
                "eta_seconds": round((total - done) / rate, 1) if rate else None,
                **_summary(standing),
            },
            at_end=done in (0, total),
        )

    def _append(self, data: dict[str, object], *, at_end: bool) -> None:
        now = time.monotonic()
        if at_end or now - self._told >= PERIOD_SECONDS:
            self._told = now
            spent = {"claim": self._claim.fence, "seconds": round(self._stopwatch.own(), 3)}
            self._storage.events.progress(self._claim, {**data, **spent})


def _summary(standing: Standing) -> dict[str, object]:
    unmet = standing.unmet()
    return {
        "front_size": len(standing.front()),
        "hypervolume": standing.front_hypervolume(),
        **({"unmet": unmet.to_json()} if unmet else {}),
    }
