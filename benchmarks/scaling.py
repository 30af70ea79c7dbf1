"""What the control plane costs when evaluations cost nothing: each is a sleep, the rest is real: a
worker's driver, the search loop, Ray's actors, the database.

python -m benchmarks.scaling [--store sqlite|postgres] [--actors 64] [--runs 3]

With sleeps of 200 ms: evaluations a second of many actors, over as many times those of one. With
sleeps of 20 ms at one actor: the time between two evaluations beyond the sleep. Each figure is the
median of several jobs, run once all actors have started, of the middle of each: a tenth of its
evaluations at either end is left out. No job may find a value that another has stored. The worker's
processor time of an evaluation is printed beside it, which a busy machine changes less.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import ray

from benchmarks.servers import postgres
from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from search_service.storage.base import Storage
from workers.driver import Driver
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool
from workers.pool.seat import remote
from workers.pool.spec import EvaluatorSpec

SUPERNET = Path(__file__).resolve().parents[1] / "zoo" / "anycost-fashion32"
LONG, SHORT = 0.2, 0.02  # seconds of sleep
AHEAD = 3  # candidates in flight for each actor
WARM_JOBS = 5  # at most, until all actors have started
WARM_EACH = 100  # evaluations of such a job for each actor: with its end those that still start go
ENDS = 0.1  # of a job's evaluations, at its beginning and at its end, that are not looked at


def main() -> None:
    """Run the jobs, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--actors", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--searcher", default="random")
    asked = parser.parse_args()
    with database(asked.store) as url, tempfile.TemporaryDirectory(prefix="gs-sc-") as folder:
        bench = Bench(url=url, folder=Path(folder), runs=asked.runs, searcher=asked.searcher)
        bench.storage = open_storage(url)
        short = bench.rate(actors=1, sleep=SHORT, evaluations=300)
        print(f"one actor, {1000 * SHORT:.0f} ms sleeps: {short.told()}")
        print(f"  overhead of each: {1000 * (1 / short.rate - SHORT):.2f} ms (goal: at most 2)")
        one = bench.rate(actors=1, sleep=LONG, evaluations=50)
        print(f"one actor, {1000 * LONG:.0f} ms sleeps: {one.told()}")
        many = bench.rate(actors=asked.actors, sleep=LONG, evaluations=40 * asked.actors)
        print(f"{asked.actors} actors, {1000 * LONG:.0f} ms sleeps: {many.told()}")
        share = many.rate / (asked.actors * one.rate)
        print(f"  efficiency: {share:.3f} (goal: at least 0.9)")
        bench.storage.close()
    print(f"store {asked.store}, searcher {asked.searcher}, load {os.getloadavg()[0]:.1f}")


@contextmanager
def database(store: str) -> Iterator[str]:
    """The URL of an empty one."""
    if store == "postgres":
        with postgres() as url:
            yield url
    else:
        with tempfile.TemporaryDirectory(prefix="gs-db-") as folder:
            yield f"sqlite:///{folder}/gansearch.db"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Of evaluations."""

    rate: float  # a second
    cpu_ms: float  # of the worker, for each

    def told(self) -> str:
        """In words."""
        return f"{self.rate:.1f} a second, {self.cpu_ms:.2f} ms of the worker's processor time each"


class Sleepers(Cluster):
    """A cluster whose judges sleep."""

    sleep = 0.0
    made: RayPool

    def pool(self, spec: EvaluatorSpec, *, check: Callable[[], None] = lambda: None) -> RayPool:
        """See Cluster."""
        make = sleepers(self.sleep, self._need)
        self.made = RayPool(make, room=self, need=self._need, idle_seconds=600, check=check)
        return self.made

    def devices(self) -> Mapping[str, Collection[str]]:
        """None, so that none is timed."""
        return {}


def sleepers(sleep: float, need: Need) -> Callable[[str], Any]:
    """What makes actors without torch."""

    class Seat:
        def join(self) -> Any:
            from types import SimpleNamespace

            node = ray.get_runtime_context().get_node_id()
            return SimpleNamespace(node=node, image_protocols={"extractor": "sleep"})

        def measure(self, request: MeasurementRequest) -> Measurement:
            time.sleep(sleep)
            value = float(hash(request.architecture) % 1000)
            return Measurement(
                value=value,
                low=value - 1,
                high=value + 1,
                protocol=request.protocol,
                samples=int(request.protocol.parameters["samples"]),
                seconds=sleep,
            )

    seat = remote(Seat).options(num_cpus=need.cpus)
    return lambda device: seat.remote()


class Bench:
    """One database, on which one worker after the other runs jobs."""

    storage: Storage

    def __init__(self, *, url: str, folder: Path, runs: int, searcher: str) -> None:
        self._url, self._folder, self._runs, self._searcher = url, folder, runs, searcher
        self._seed = 0

    def rate(self, *, actors: int, sleep: float, evaluations: int) -> Rate:
        """The median over the runs, after a job that finds all actors seated."""
        Sleepers.sleep = sleep
        with closing(Sleepers(cpus=actors)) as cluster:
            driver = Driver(
                name=f"worker-{actors}-{sleep}",
                storage=self.storage,
                wake_ups=open_wake_ups(None),
                artifacts=Artifacts(str(self._folder / "artifacts")),
                cluster=cluster,
                references=self._folder / "references",
                runs=self._folder / "runs",
            )
            self._register(f"net-{actors}-{sleep}")
            driver.turn()
            self._seat(driver, cluster, f"net-{actors}-{sleep}", actors)
            found = [
                self._run(driver, f"net-{actors}-{sleep}", actors, evaluations)
                for _ in range(self._runs)
            ]
            driver._pool.close()
        return Rate(rate=median(r.rate for r in found), cpu_ms=median(r.cpu_ms for r in found))

    def _seat(self, driver: Driver, cluster: Sleepers, supernet: str, actors: int) -> None:
        """Run jobs until every actor has started, which takes two cores half a minute for 64."""
        for _ in range(WARM_JOBS):
            self._run(driver, supernet, actors, WARM_EACH * actors)
            if cluster.made.seated == actors:
                return
        raise SystemExit(f"{cluster.made.seated} of {actors} actors started")

    def _register(self, name: str) -> None:
        described = json.loads((SUPERNET / "parameters.json").read_text())
        catalog.register_supernet(
            **{**described, "name": name, "checkpoint": str(SUPERNET / "weights.safetensors")},
            storage=self.storage,
            wake_ups=open_wake_ups(None),
        )

    def _run(self, driver: Driver, supernet: str, actors: int, evaluations: int) -> Rate:
        self._seed += 1
        samples = 64 + self._seed  # another number than an earlier job's, whose values are stored
        spec = {
            "supernet": supernet,
            "objectives": [{"name": "fid"}, {"name": "macs"}],
            "searcher": {"name": self._searcher},
            "budget": {"evaluations": evaluations},
            "fidelity": {"samples": [samples], "final_samples": samples},
            "parallelism": AHEAD * actors,
            "seed": self._seed,
        }
        job = jobs.submit("search", spec, storage=self.storage, wake_ups=open_wake_ups(None))
        before = time.process_time()
        driver.turn()
        cpu = time.process_time() - before
        ended = self.storage.jobs.get(job.id)
        if ended.state != "succeeded":
            raise SystemExit(f"the search {ended.state}: {ended.reason}")
        recorded = list(self.storage.evaluations.of_job(job.id))
        if any(e.cached for e in recorded):
            raise SystemExit(
                "a job found measurements of an earlier one, which are not its own rate"
            )
        made = sorted(e.created_at for e in recorded)
        cut = int(ENDS * len(made))
        inner = made[cut : len(made) - cut]
        seconds = (inner[-1] - inner[0]).total_seconds()
        return Rate(rate=(len(inner) - 1) / seconds, cpu_ms=1000 * cpu / len(made))


if __name__ == "__main__":
    main()
