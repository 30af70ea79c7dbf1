"""What a search costs besides its arithmetic: wall time that is not spent in generating images,
extracting features and computing distances, as a share, at one actor.

python benchmarks/overhead.py

The search is the demo's with MACs in the place of latency: SQLite, a local Ray with one actor, the
worker's own driver. The wall time is from claim to the stored final front; the actor's arithmetic
is timed within it. What is left is proposing, Ray, pictures, artifacts, and the database.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.domain.measurement import MeasurementKey
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from search_service.storage.base import Storage
from workers.driver import Driver
from workers.pool.cluster import Cluster

SUPERNET = Path(__file__).resolve().parents[1] / "zoo" / "anycost-fashion32"
SPEC: dict[str, Any] = {
    "supernet": "net",
    "objectives": [{"name": "fid"}, {"name": "macs"}],
    "budget": {"evaluations": 120},
    "fidelity": {"samples": [256, 1024], "final_samples": 2048},
    "parallelism": 8,
    "seed": 0,
}


def main() -> None:
    """Run one search and print where its time went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=SPEC["budget"]["evaluations"])
    asked = parser.parse_args()
    spec = {**SPEC, "budget": {"evaluations": asked.evaluations}}
    cluster = Cluster(cpus=1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            wall, parts = search(spec, cluster, Path(folder))
    finally:
        cluster.close()
    arithmetic = sum(parts.values())
    for name, seconds in parts.items():
        print(f"{name:<12} {seconds:7.2f} s  {seconds / wall:6.1%}")
    print(f"{'wall':<12} {wall:7.2f} s")
    print(f"share of wall time outside them (goal: at most 10 %): {1 - arithmetic / wall:.1%}")


def search(spec: dict[str, Any], cluster: Cluster, folder: Path) -> tuple[float, dict[str, float]]:
    """Wall seconds of the search, and those of its arithmetic by part."""
    storage = open_storage(f"sqlite:///{folder / 'gansearch.db'}")
    wake_ups = open_wake_ups(None)
    described = json.loads((SUPERNET / "parameters.json").read_text())
    catalog.register_supernet(
        **{**described, "name": "net", "checkpoint": str(SUPERNET / "weights.safetensors")},
        storage=storage,
        wake_ups=wake_ups,
    )
    driver = Driver(
        name="benchmark",
        storage=storage,
        wake_ups=wake_ups,
        artifacts=Artifacts(str(folder / "artifacts")),
        cluster=cluster,
        references=folder / "references",
        runs=folder / "runs",
    )
    driver.turn()  # settles the supernet, so that the actor is up before the clock starts
    job = jobs.submit("search", spec, storage=storage, wake_ups=wake_ups)
    driver.turn()
    job = storage.jobs.get(job.id)
    if job.started_at is None or job.finished_at is None or job.state != "succeeded":
        raise SystemExit(f"the search {job.state}: {job.reason}")
    return (job.finished_at - job.started_at).total_seconds(), arithmetic_of(job.id, storage)


def arithmetic_of(job: str, storage: Storage) -> dict[str, float]:
    """Seconds by part, over every measurement of the job's evaluations."""
    evaluations = storage.evaluations.of_job(job)
    digest = storage.supernets.get("net").digest
    parts: dict[str, float] = {}
    for text in {e.architecture for e in evaluations}:
        protocols = {
            v.protocol_digest
            for e in evaluations
            for v in (*e.values.values(), *e.final_values.values())
            if v.protocol_digest
        }
        keys = [
            MeasurementKey(
                supernet_digest=digest,
                architecture=text,
                objective="fid",
                protocol_digest=protocol,
                device="",
            )
            for protocol in protocols
        ]
        for measurement in storage.measurements.find(keys).values():
            for name, seconds in measurement.details["seconds"].items():
                parts[name] = parts.get(name, 0.0) + seconds
    return parts


if __name__ == "__main__":
    main()
