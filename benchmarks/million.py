"""A million evaluations of one supernet in PostgreSQL: what recording another costs, and how long
its front and its best take over HTTP while others are recorded.

python -m benchmarks.million [--rows 1000000] [--questions 1000] [--replicates 128]

Recording: evaluations in turn into the table as it is and into a database of the same server that
has only these, when the table is empty, a tenth full, and full: the ratio of the two is what size
costs. Questions: one client, an API process of the run's own, 20 evaluations a second recorded
meanwhile by another process, half of them of architectures near the front that come up again and
again. Each question has bounds of its own, drawn from the quantiles of what is bounded. Cold is the
first question of a new process, and the first of its form. At the end nothing is recorded any more,
and some answers are compared with reading everything.
"""

import argparse
import signal
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import cycle, islice
from statistics import median

import numpy as np
import psycopg

from benchmarks.asking import Client, api, report, resident_mb
from benchmarks.imagined import Imagined
from benchmarks.known import Known, Question, Samples
from benchmarks.loading import load
from benchmarks.recorder import Recorder, writing
from benchmarks.servers import load_of_machine, postgres
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.storage import migrate, open_storage
from search_service.storage.base import Storage

SUPERNET = "sup_million"
CHECKED = 40  # answers
AT_ONCE = 50  # recorded into one database before it is the other's turn
KINDS = {
    "front of 2": [
        ("front", "fid,latency_ms", ()),
        ("front", "fid,latency_ms", ("latency_ms",)),
        ("front", "fid,latency_ms", ("macs",)),
        ("front", "fid,latency_ms", ("macs", "params")),
        ("front", "fid,macs", ("latency_ms",)),
        ("front", "fid,params", ("fid", "macs")),
    ],
    "best": [
        ("best", "fid", ("latency_ms",)),
        ("best", "fid", ("macs", "params")),
        ("best", "fid", ("latency_ms", "macs", "params")),
        ("best", "latency_ms", ("fid",)),
        ("best", "macs", ("fid", "latency_ms")),
    ],
    "front of 3": [
        ("front", "fid,latency_ms,params", ("macs",)),
        ("front", "fid,latency_ms,params", ("fid", "latency_ms")),
    ],
}


def main() -> None:
    """Load, record, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=1000, help="of each kind")
    parser.add_argument("--recorded", type=int, default=1000, help="evaluations at each size")
    parser.add_argument("--replicates", type=int, default=128, help="of each FID")
    parser.add_argument("--ask", metavar="URL", help="only ask, of a database that was loaded so")
    asked = parser.parse_args()
    if asked.ask:
        ask(asked.ask, Known.read(asked.ask, SUPERNET), asked.questions, asked.replicates)
        return
    with postgres() as url:
        bench = Bench(url, asked.replicates)
        for rows in (0, asked.rows // 10, asked.rows):
            bench.load(rows)
            bench.record(asked.recorded)
        bench.close()
        ask(url, bench.known, asked.questions, asked.replicates)


class Bench:
    """A supernet's growing evaluations, and a twin's that stay few."""

    def __init__(self, url: str, replicates: int) -> None:
        self._url = url
        self._replicates = replicates
        self._rng = np.random.default_rng(0)
        self.known = Known()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE twin")
        twin = url.replace("/postgres?", "/twin?")
        migrate(twin)
        self.storage, self.twin = open_storage(url), open_storage(twin)
        for storage in (self.storage, self.twin):
            _register(storage)
        self._recorders = [
            Recorder(self.storage, SUPERNET, replicates, self._rng),
            Recorder(self.twin, SUPERNET, replicates, self._rng),
        ]

    def load(self, rows: int) -> None:
        """Until there are so many."""
        drawn = Imagined.draw(max(0, rows - len(self.known)), self._rng)
        if not len(drawn):
            return
        began = time.perf_counter()
        for evaluations in load(
            self._url,
            self.storage,
            SUPERNET,
            drawn,
            replicates=self._replicates,
            rng=self._rng,
        ):
            self.known.add(evaluations)
            for recorder in self._recorders:
                recorder.renew()
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("ANALYZE")
            size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert size is not None
        print(
            f"{len(drawn)} rows loaded in {time.perf_counter() - began:.0f} s, "
            f"{size[0] / 1e9:.1f} GB, {load_of_machine()}",
            flush=True,
        )

    def record(self, count: int) -> None:
        """So many into each, in turn."""
        times: list[list[float]] = [[], []]
        size = len(self.known)
        for _ in range(count // AT_ONCE):
            for recorder, seconds in zip(self._recorders, times, strict=True):
                evaluations = recorder.draw(AT_ONCE)
                seconds += recorder.record(evaluations)
                if recorder is self._recorders[0]:
                    self.known.add(evaluations)
        own, twins = (len(each) / sum(each) for each in times)
        print(
            f"{size} rows: {own:.0f} recorded a second by one process, {twins:.0f} where there are "
            f"few, ratio {own / twins:.2f}; medians {1000 * median(times[0]):.2f} and "
            f"{1000 * median(times[1]):.2f} ms, ratio {median(times[1]) / median(times[0]):.2f}; "
            f"{load_of_machine()}",
            flush=True,
        )

    def close(self) -> None:
        """Its connections."""
        self.storage.close()
        self.twin.close()


def ask(url: str, known: Known, questions: int, replicates: int) -> None:
    """Cold, then warm; then check."""
    print(f"asked of {len(known)} rows", flush=True)
    rng = np.random.default_rng(1)
    samples = known.samples(20_000, rng)
    with api(url, SUPERNET) as (client, pid), writing(url, SUPERNET, replicates) as writer:
        for kind, forms in KINDS.items():
            for form in forms:
                took, _ = client.ask(Question.drawn(form, samples, rng))
                by = f" by {', '.join(form[2])}" if form[2] else ""
                print(f"first {kind}, {form[1]}{by}: {1000 * took:.0f} ms", flush=True)
        for kind, forms in KINDS.items():
            drawn = [Question.drawn(form, samples, rng) for form in islice(cycle(forms), questions)]
            report(kind, drawn, client, pid)
        same = Question.drawn(("front", "fid,latency_ms", ("macs",)), samples, rng)
        report("one front again", [same] * questions, client, pid)
        print(f"memory of the API process: {resident_mb(pid):.0f} MB")
        writer.send_signal(signal.SIGTERM)
        writer.wait()
        time.sleep(1.0)  # for what it had sent
        _check(url, known, samples, client, rng)


def _check(
    url: str,
    known: Known,
    samples: Samples,
    client: Client,
    rng: np.random.Generator,
) -> None:
    """Compare answers with those of reading everything."""
    with closing(open_storage(url)) as storage:
        newest = storage.jobs.page(size=1, label=("of", "writer")).items[0]
        added = storage.evaluations.of_job(newest.id)
    known.add(added)
    print(f"{len(added)} were recorded meanwhile")
    for form in islice(cycle(KINDS["front of 2"] + KINDS["best"]), CHECKED):
        question = Question.drawn(form, samples, rng)
        _, answer = client.ask(question)
        found = [point["evaluation"] for point in answer.get("points", ())]
        if answer.get("evaluation"):
            found = [answer["evaluation"]["id"]]
        if found != known.answer(question):
            raise SystemExit(f"a wrong answer: {question}")
    print(f"{CHECKED} answers are those of reading everything")


def _register(storage: Storage) -> None:
    supernet = Supernet(
        id=SUPERNET,
        name="million",
        family="anycost",
        parameters={},
        checkpoint="file:///none",
        dataset="fashion-mnist-32",
        feature_extractor="fashion-classifier",
        status=SupernetStatus.READY,
        created_at=datetime.now(UTC),
    )
    storage.supernets.add(supernet)


if __name__ == "__main__":
    main()
