"""Evaluations recorded a second into PostgreSQL by several worker processes, each with a job of its
own: row with the replicates of its FID, counters, events and, each tenth time, another front. A
search records what has finished since its last turn in one synced transaction: `--together` says
how many that are, 1 where evaluations are long.

python -m benchmarks.recording [--workers 4] [--evaluations 1000] [--together 1]

Beside the rate it prints the processor time of an evaluation in the worker and in the server, which
a busy machine changes little: cores divided by it is the most that they can give.
"""

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np

from benchmarks.servers import postgres
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind
from search_service.storage import open_storage

FRONT_SIZE = 20
REPLICATES = 128


def main() -> None:
    """Start the workers, let them begin together, and divide."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--evaluations", type=int, default=1000, help="of each worker")
    parser.add_argument("--together", type=int, default=1, help="in one transaction")
    parser.add_argument("--record", metavar="URL", help="be a worker")
    asked = parser.parse_args()
    if asked.record:
        record(asked.record, asked.evaluations, together=asked.together)
        return
    with postgres() as url:
        storage = open_storage(url)
        server = server_pid(url)
        for _ in range(asked.workers):
            now = datetime.now(UTC)
            storage.jobs.add(Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, created_at=now))
        words = [sys.executable, "-m", "benchmarks.recording"]
        words += ["--record", url, "--evaluations", str(asked.evaluations)]
        words += ["--together", str(asked.together)]
        workers = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(asked.workers)
        ]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        before = children_seconds(server)
        started = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        client = sum(float(worker.communicate()[0]) for worker in workers)
        seconds = time.perf_counter() - started
        served = children_seconds(server) - before
        stored = sum(job.evaluations for job in storage.jobs.page(size=200).items)
        storage.close()
    load = os.getloadavg()[0]
    many = f"{stored} evaluations, {asked.together} together"
    print(f"{many}, by {asked.workers} workers in {seconds:.1f} s")
    print(f"{stored / seconds:.0f} a second (goal: 1,000), load {load:.1f}")
    print(
        f"processor time of each: {1000 * client / stored:.2f} ms in the worker, "
        f"{1000 * served / stored:.2f} ms in the server's connection"
    )


def server_pid(url: str) -> int:
    """Of the server's first process, from its folder, where its socket is too."""
    folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    return int((folder / "postmaster.pid").read_text().split()[0])


def children_seconds(pid: int) -> float:
    """Processor time of all children of a process that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def record(url: str, count: int, *, together: int) -> None:
    """Claim a job, wait for the word, record."""
    storage = open_storage(url)
    claim = storage.jobs.claim(worker=str(os.getpid()), lease_seconds=600)
    assert claim is not None
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    members: list[str] = []
    turn: list[Finished] = []
    rng = np.random.default_rng(os.getpid())
    for number in range(count):
        evaluation = Evaluation(
            id=new_id("evl"),
            job=claim.job.id,
            supernet="sup_a",
            number=number,
            architecture=f"32:{number}_8_16_16_24_32",
            options={"resolution": 32, **{f"channels.{i}": 0.5 for i in range(8)}},
            state=EvaluationState.MEASURED,
            rung=1,
            values={
                "fid": Value(
                    value=20.0,
                    low=19.0,
                    high=21.0,
                    samples=2048,
                    protocol_digest="0" * 64,
                    replicates=tuple(rng.normal(20.0, 0.5, REPLICATES).tolist()),
                    resampling="bootstrap",
                ),
                "latency_ms": Value(value=3.0, low=2.9, high=3.1, device="cpu"),
                "macs": Value(value=1e8),
                "params": Value(value=1e6),
            },
            created_at=datetime.now(UTC),
        )
        changed = number % 10 == 0
        members = [*members, evaluation.id][-FRONT_SIZE:] if changed else members
        turn.append(
            Finished(
                evaluation=evaluation,
                front=members if changed else None,
                hypervolume=float(number),
                reference_point={"fid": 100.0, "latency_ms": 10.0},
            )
        )
        if len(turn) == together or number + 1 == count:
            storage.evaluations.record(claim, turn)
            turn = []
    print(time.process_time() - began, flush=True)
    storage.close()


if __name__ == "__main__":
    main()
