"""What this process counts and times.

`REGISTRY` is ours alone: what other libraries register with the client's own does not show.
"""

from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# One more series for each of ours, which nobody reads. The client leaves this function untyped.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_JOB_SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 12 * 3600, 48 * 3600)

_job_duration = Histogram(
    "gansearch_job_duration_seconds",
    "From start to end of a job's attempt",
    buckets=_JOB_SECONDS,
    registry=REGISTRY,
)
_evaluations = Counter(
    "gansearch_evaluations_total",
    "Finished evaluations: measured, cached (every measurement was known) or failed",
    ["outcome"],
    registry=REGISTRY,
)
_evaluation_duration = Histogram(
    "gansearch_evaluation_duration_seconds",
    "Compute time of one measurement of an objective",
    ["objective"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
_hypervolume = Gauge(
    "gansearch_front_hypervolume",
    "Hypervolume of the front of a job that runs in this process",
    ["job"],
    registry=REGISTRY,
)
_workers = Gauge(
    "gansearch_workers", "Actors of this process's pool", ["device"], registry=REGISTRY
)
_compute = Counter(
    "gansearch_compute_seconds_total",
    "Compute time spent in measurements",
    ["team", "device"],
    registry=REGISTRY,
)
_request_duration = Histogram(
    "gansearch_http_request_duration_seconds",
    "Time to answer a request; route is the template, not the path",
    ["route", "method", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
_answers = Counter(
    "gansearch_job_answers_total",
    "Answers about a job, or its front: kept by this process, read from the shared cache, or made",
    ["shape", "source"],
    registry=REGISTRY,
)


class _Ended(Protocol):
    """What is counted of an evaluation."""

    @property
    def state(self) -> str: ...

    @property
    def cached(self) -> bool: ...


def count_evaluation(evaluation: _Ended) -> None:
    """A finished evaluation; one that broke a constraint was measured as far as it went."""
    outcome = "cached" if evaluation.cached else "measured"
    _evaluations.labels("failed" if evaluation.state == "failed" else outcome).inc()


def observe_measurement(
    objective: str, seconds: float, *, team: str = "", device: str = ""
) -> None:
    """A measurement that was made, not read."""
    _evaluation_duration.labels(objective).observe(seconds)
    _compute.labels(team, device).inc(seconds)


def observe_job(seconds: float) -> None:
    """A job's attempt that ended."""
    _job_duration.observe(seconds)


def set_hypervolume(job: str, hypervolume: float | None) -> None:
    """Of the job that runs here; None when it has ended, or labels would pile up for ever."""
    if hypervolume is None:
        _hypervolume.remove_by_labels({"job": job})
    else:
        _hypervolume.labels(job).set(hypervolume)


def set_workers(count: int, *, device: str = "") -> None:
    """How many actors time on a device; for the empty one, how many judge images."""
    _workers.labels(device).set(count)


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """An answered request."""
    _request_duration.labels(route, method, str(status)).observe(seconds)


def count_answers(shape: str, source: str, count: int) -> None:
    """Answers of `job`, `front` or `front-table` that were `kept`, `shared` or `made`."""
    _answers.labels(shape, source).inc(count)
