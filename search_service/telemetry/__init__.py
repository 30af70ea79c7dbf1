"""Prometheus: what this process counts, what the queue's rows say, and how both are read."""

from search_service.telemetry.metrics import (
    count_answers,
    count_evaluation,
    observe_job,
    observe_measurement,
    observe_request,
    set_hypervolume,
    set_workers,
)
from search_service.telemetry.queue import CONTENT_TYPE, QueueCollector, exposition
from search_service.telemetry.serving import served

__all__ = [
    "CONTENT_TYPE",
    "QueueCollector",
    "count_answers",
    "count_evaluation",
    "exposition",
    "observe_job",
    "observe_measurement",
    "observe_request",
    "served",
    "set_hypervolume",
    "set_workers",
]
