"""The metrics that the contract names, and what they count."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from search_service import telemetry

NOW = datetime(2030, 1, 1, tzinfo=UTC)
COUNTS = {("search", "queued"): 3, ("search", "running"): 1, ("train", "queued"): 2}


def queue(*, oldest: datetime | None = None) -> telemetry.QueueCollector:
    return telemetry.QueueCollector(
        counts=lambda: COUNTS, oldest_queued=lambda: oldest, clock=lambda: NOW
    )


def samples(collector: telemetry.QueueCollector | None = None) -> dict[tuple[str, ...], float]:
    """Values by sample name and sorted labels."""
    text = telemetry.exposition(collector or queue()).decode()
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@dataclass
class Ended:
    state: str
    cached: bool = False


def test_the_queue_is_read_at_the_scrape() -> None:
    found = samples(queue(oldest=NOW - timedelta(seconds=90)))
    assert found["gansearch_jobs", "kind=search", "state=queued"] == 3
    assert found["gansearch_jobs", "kind=search", "state=running"] == 1
    assert found[("gansearch_queue_depth",)] == 5
    assert found[("gansearch_queue_oldest_seconds",)] == 90


@pytest.mark.parametrize("oldest", [None, NOW + timedelta(seconds=5)])
def test_nobody_waits_less_than_no_time(oldest: datetime | None) -> None:
    assert samples(queue(oldest=oldest))[("gansearch_queue_oldest_seconds",)] == 0


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (Ended("measured"), "measured"),
        (Ended("infeasible"), "measured"),
        (Ended("measured", cached=True), "cached"),
        (Ended("failed"), "failed"),
    ],
)
def test_an_evaluation_counts_once_by_its_outcome(ended: Ended, outcome: str) -> None:
    key = ("gansearch_evaluations_total", f"outcome={outcome}")
    before = samples().get(key, 0.0)
    telemetry.count_evaluation(ended)
    assert samples()[key] == before + 1


def test_every_metric_is_there_and_no_other() -> None:
    telemetry.observe_job(42)
    telemetry.observe_measurement("fid", 0.3, team="a", device="cpu")
    telemetry.set_hypervolume("job_x", 0.5)
    telemetry.set_workers(2, device="cpu")
    telemetry.observe_request("/v1/jobs", "GET", 200, 0.01)
    telemetry.count_evaluation(Ended("measured"))
    telemetry.count_answers("job", "kept", 3)
    text = telemetry.exposition(queue()).decode()
    families = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert families == {
        "gansearch_jobs": "gauge",
        "gansearch_job_duration_seconds": "histogram",
        "gansearch_queue_depth": "gauge",
        "gansearch_queue_oldest_seconds": "gauge",
        "gansearch_evaluations": "counter",
        "gansearch_evaluation_duration_seconds": "histogram",
        "gansearch_front_hypervolume": "gauge",
        "gansearch_workers": "gauge",
        "gansearch_compute_seconds": "counter",
        "gansearch_http_request_duration_seconds": "histogram",
        "gansearch_job_answers": "counter",
    }


def test_a_job_that_ended_leaves_no_hypervolume_behind() -> None:
    telemetry.set_hypervolume("job_y", 0.5)
    assert samples()["gansearch_front_hypervolume", "job=job_y"] == 0.5
    telemetry.set_hypervolume("job_y", None)
    telemetry.set_hypervolume("job_y", None)
    assert ("gansearch_front_hypervolume", "job=job_y") not in samples()


def test_buckets_tell_milliseconds_from_minutes() -> None:
    for seconds in (0.004, 0.4, 250):
        telemetry.observe_measurement("buckets", seconds)
    found = samples()
    name = "gansearch_evaluation_duration_seconds_bucket"
    assert [found[name, f"le={le}", "objective=buckets"] for le in ("0.005", "0.5", "300.0")] == [
        1,
        2,
        3,
    ]
