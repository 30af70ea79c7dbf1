"""The queue's metrics, read from storage at a scrape: the same from every process."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from search_service.telemetry.metrics import REGISTRY

CONTENT_TYPE = CONTENT_TYPE_LATEST


class QueueCollector(Collector):
    """The queue as the storage has it. Handed two of the storage's queries."""

    def __init__(
        self,
        *,
        counts: Callable[[], Mapping[tuple[str, str], int]],
        oldest_queued: Callable[[], datetime | None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._counts = counts
        self._oldest_queued = oldest_queued
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        counts, oldest = self._counts(), self._oldest_queued()
        jobs = GaugeMetricFamily("gansearch_jobs", "Stored jobs", labels=["kind", "state"])
        for (kind, state), count in sorted(counts.items()):
            jobs.add_metric([kind, state], count)
        yield jobs
        depth = sum(count for (_, state), count in counts.items() if state == "queued")
        yield GaugeMetricFamily("gansearch_queue_depth", "Jobs that wait for a worker", depth)
        waited = 0.0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds())
        yield GaugeMetricFamily(
            "gansearch_queue_oldest_seconds", "How long the oldest queued job has waited", waited
        )


def exposition(queue: QueueCollector) -> bytes:
    """The text of `/metrics`, of type CONTENT_TYPE; raises what the storage's queries raise."""
    scrape = CollectorRegistry()
    scrape.register(queue)
    return generate_latest(REGISTRY) + generate_latest(scrape)
