"""Evaluations recorded one by one as a search would; 20 a second as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from benchmarks.imagined import Imagined
from benchmarks.loading import LEASE_SECONDS, REFERENCE, started
from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, Finished
from search_service.domain.job import Claim
from search_service.storage import open_storage
from search_service.storage.base import Storage

A_SECOND = 20.0


class Recorder:
    """Records into a search of its own, one evaluation after another."""

    def __init__(
        self,
        storage: Storage,
        supernet: str,
        replicates: int,
        rng: np.random.Generator,
        *,
        of: str = "bench",
    ) -> None:
        self._supernet = supernet
        self._storage = storage
        self._replicates = replicates
        self._rng = rng
        self._claim: Claim = started(storage, self._supernet, worker=of)
        self._count = 0

    def draw(self, count: int) -> list[Evaluation]:
        """The next ones."""
        return self.of(Imagined.draw(count, self._rng))

    def renew(self) -> None:
        """Go on for as long as a lease lasts."""
        self._claim = self._storage.jobs.renew(self._claim, lease_seconds=LEASE_SECONDS)

    def of(self, imagined: Imagined) -> list[Evaluation]:
        """The next ones, of these architectures."""
        first, self._count = self._count, self._count + len(imagined)
        return list(
            imagined.evaluations(
                job=self._claim.job.id,
                supernet=self._supernet,
                first=first,
                replicates=self._replicates,
                rng=self._rng,
            )
        )

    def record(self, evaluations: Sequence[Evaluation]) -> list[float]:
        """The seconds that each took; each tenth is another front."""
        times = []
        for evaluation in evaluations:
            finished = Finished(
                evaluation=evaluation,
                front=[evaluation.id] if evaluation.number % 10 == 0 else None,
                hypervolume=float(evaluation.number),
                reference_point=REFERENCE,
            )
            began = time.perf_counter()
            self._storage.evaluations.record(self._claim, [finished])
            times.append(time.perf_counter() - began)
        return times


@contextmanager
def writing(url: str, supernet: str, replicates: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that records into the database at the URL meanwhile."""
    words = [sys.executable, "-m", "benchmarks.recorder", url, supernet, str(replicates)]
    process = subprocess.Popen(words)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def write(url: str, supernet: str, replicates: int) -> None:
    """Record until killed."""
    rng = np.random.default_rng(os.getpid())
    recorder = Recorder(open_storage(url), supernet, replicates, rng, of="writer")
    some = Imagined.draw(100_000, rng)
    costs = np.stack([some.values["fid"], some.values["latency_ms"]], axis=1)
    good = np.flatnonzero(pareto.non_dominated(costs))
    due = time.monotonic()
    while True:
        again = some[rng.choice(good, 1)]
        recorder.record([*recorder.of(again), *recorder.draw(1)])
        due += 2 / A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    url, supernet, replicates = sys.argv[1:]
    write(url, supernet, int(replicates))
