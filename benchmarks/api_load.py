"""What one API process serves under load, beside the bare framework.

python benchmarks/api_load.py [--clients 64] [--seconds 5] [--rounds 3]

Three routes in turn, several rounds of each: `GET /v1/jobs/{id}` and `GET /v1/jobs/{id}/front` of
searches in a PostgreSQL of the run's own, asked for at random among so many jobs; and the same
framework on the same server with one route and nothing else, whose `async` handler gives back a
dictionary with the content of the job's answer. Each is served by one process with the settings of
`python -m api`. While they are asked another process records evaluations of one of the jobs, so
that what is kept of it goes out of date.

The load is a process of its own: so many connections that are kept open, one request on each at a
time, in a loop over sockets without any HTTP library. The CPU time that it takes a request is
printed beside the server's: where both together are less than there are cores, it hides nothing.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from urllib.request import urlopen

from benchmarks.clients import Load, loaded
from benchmarks.servers import load_of_machine, postgres, redis
from infra.ports import free_port, is_listened_to
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind
from search_service.storage import open_storage
from search_service.storage.base import Storage

FRONT = 24  # members of each job's front
RECORDED_A_SECOND = 5.0
CHANGED_EVERY = 4  # recorded evaluations the front is another
GOAL = 0.4

BARE = """
import json, socket, sys
import uvicorn
from fastapi import FastAPI

content = json.loads(sys.stdin.read())
app = FastAPI()

@app.get("/v1/jobs/{job_id}")
async def read(job_id: str):
    return content

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
config = uvicorn.Config(app, log_config=None, access_log=False)
uvicorn.Server(config).run(sockets=[listener])
"""


def main() -> None:
    """Print a line for each route, and its share of the bare framework's rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=32)
    asked = parser.parse_args()
    with postgres() as database_url, redis() as kept, tempfile.TemporaryDirectory() as folder:
        storage = open_storage(database_url)
        claims = [_search(storage) for _ in range(asked.jobs)]
        environment = {
            "GANSEARCH_DATA_DIR": folder,
            "GANSEARCH_DATABASE_URL": database_url,
            "GANSEARCH_REDIS_URL": kept.url,
        }
        api = [sys.executable, "-m", "api", "--port"]
        with _serving(api, environment) as (port, server):
            ids = [claim.job.id for claim in claims]
            content = urlopen(f"http://127.0.0.1:{port}/v1/jobs/{ids[0]}").read()
            front = urlopen(f"http://127.0.0.1:{port}/v1/jobs/{ids[0]}/front").read()
            print(f"an answer of a job has {len(content)} bytes, of a front {len(front)}")
            bare = [sys.executable, "-c", BARE]
            with (
                _serving(bare, {}, said=content) as (bare_port, bare_server),
                _recording(database_url, claims[0]),
            ):
                routes = {
                    "bare": (bare_port, bare_server, [f"/v1/jobs/{id_}" for id_ in ids]),
                    "job": (port, server, [f"/v1/jobs/{id_}" for id_ in ids]),
                    "front": (port, server, [f"/v1/jobs/{id_}/front" for id_ in ids]),
                }
                rounds = [
                    {
                        name: loaded(*where, clients=asked.clients, seconds=asked.seconds)
                        for name, where in routes.items()
                    }
                    for _ in range(asked.rounds)
                ]
        storage.close()
    _report(rounds)


def _report(rounds: Sequence[dict[str, Load]]) -> None:
    print(load_of_machine())
    for name in rounds[0]:
        loads = [each[name] for each in rounds]
        rate = median(load.answers_a_second for load in loads)
        ratio = median(
            each[name].answers_a_second / each["bare"].answers_a_second for each in rounds
        )
        print(
            f"{name:<6} {rate:7.0f} answers/s  p50 {median(x.p50_ms for x in loads):6.1f} ms  "
            f"p99 {median(x.p99_ms for x in loads):6.1f} ms  CPU of an answer: server "
            f"{median(x.server_us for x in loads):5.0f} us, client "
            f"{median(x.client_us for x in loads):4.0f} us  share of bare {ratio:4.0%}"
            + ("" if name == "bare" else f" (goal: at least {GOAL:.0%})")
        )


def _search(storage: Storage) -> Claim:
    """A running search with a front."""
    spec = {
        "supernet": "sup_1",
        "objectives": [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}],
        "constraints": [{"name": "macs", "op": "le", "value": 2e8}],
        "searcher": {"name": "nsga2", "parameters": {"population_size": 32}},
        "budget": {"evaluations": 100_000},
        "fidelity": {"samples": [512, 2048], "final_samples": 10_000},
        "parallelism": 16,
        "seed": 0,
    }
    job = Job(
        id=new_id("job"),
        kind=JobKind.SEARCH,
        supernet="sup_1",
        spec=spec,
        labels={"team": "a"},
        created_at=datetime.now(UTC),
    )
    storage.jobs.add(job)
    claim = storage.jobs.claim(worker="w", lease_seconds=1200)
    assert claim is not None
    for number in range(FRONT):
        _record(storage, claim, number)
    return claim


def _record(storage: Storage, claim: Claim, number: int) -> None:
    """One evaluation more; the last ones are the front."""
    share = (number % FRONT) / FRONT
    values = {
        "macs": Value(value=1e8 * (1 + share)),
        "params": Value(value=1e6),
        "fid": Value(
            value=40 - 20 * share,
            low=39 - 20 * share,
            high=41 - 20 * share,
            samples=2048,
            protocol_digest="b" * 64,
            replicates=tuple(40 - 20 * share + i / 50 for i in range(16)),
        ),
        "latency_ms": Value(
            value=2 + 6 * share,
            low=1.9 + 6 * share,
            high=2.1 + 6 * share,
            device="cpu",
            protocol_digest="c" * 64,
        ),
    }
    evaluation = Evaluation(
        id=new_id("evl"),
        job=claim.job.id,
        supernet="sup_1",
        number=number,
        architecture="32:" + "_".join(["64"] * 10),
        options={"resolution": 32} | {f"channels.{i}": 0.5 for i in range(10)},
        state=EvaluationState.MEASURED,
        rung=1,
        values=values,
        seconds=0.5,
        created_at=datetime.now(UTC),
    )
    known = [e.id for e in storage.evaluations.front_of(claim.job.id)]
    changes = number < FRONT or number % CHANGED_EVERY == 0
    front = [*known[-(FRONT - 1) :], evaluation.id] if changes else None
    storage.evaluations.record(
        claim,
        [
            Finished(
                evaluation=evaluation,
                front=front,
                hypervolume=float(number // CHANGED_EVERY),
                reference_point={"fid": 44.0, "latency_ms": 8.8},
            )
        ],
    )


@contextmanager
def _serving(
    command: Sequence[str], environment: dict[str, str], *, said: bytes = b""
) -> Iterator[tuple[int, int]]:
    """A server of its own process; its port and process number."""
    port = free_port()
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    process = subprocess.Popen(
        [*command, str(port)], env={**inherited, **environment}, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        process.stdin.write(said)
        process.stdin.close()
        while not is_listened_to(port):
            if process.poll() is not None:
                raise SystemExit("a server did not start")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _recording(database_url: str, claim: Claim) -> Iterator[None]:
    """Another process records evaluations meanwhile."""
    process = multiprocessing.Process(target=_go_on, args=(database_url, claim), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _go_on(database_url: str, claim: Claim) -> None:
    storage = open_storage(database_url)
    number = FRONT
    while True:
        _record(storage, claim, number)
        number += 1
        time.sleep(1 / RECORDED_A_SECOND)


if __name__ == "__main__":
    main()
