"""What a second API process's first answer of a large front costs, with and without Redis.

python benchmarks/second_replica.py [--members 200] [--rounds 30]

One search in a PostgreSQL of the run's own, whose front has so many members, with the replicates by
which ties are decided. One process has answered for it. Each round asks two that have not, each
with connections of its own that are open already: one that finds the answer in Redis, and one that
has no Redis and makes it. Answers of the job itself, and of the front as a table, likewise.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from api.reading import JobAnswers
from api.routes.jobs import front_answers, front_tables, job_answers
from benchmarks.servers import postgres, redis
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind
from search_service.queue import open_cache
from search_service.storage import open_storage
from search_service.storage.base import Storage

SHAPES: dict[str, Callable[..., JobAnswers]] = {
    "job": job_answers,
    "front": front_answers,
    "front as a table": front_tables,
}


def main() -> None:
    """Print the medians of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with postgres() as url, redis() as server, closing(open_storage(url)) as storage:
        job = _search(storage, asked.members)
        for shape, answers_of in SHAPES.items():
            asyncio.run(_compare(shape, answers_of, job, url, server.url, asked.rounds))


async def _compare(
    shape: str,
    answers_of: Callable[..., JobAnswers],
    job: str,
    url: str,
    redis_url: str,
    rounds: int,
) -> None:
    cache = open_cache(redis_url)
    with closing(open_storage(url)) as first, closing(open_storage(url)) as second:
        body = (await answers_of(first, cache).of(job)).body
        await asyncio.sleep(1)  # it is on its way to Redis
        shared, made = [], []
        for _ in range(rounds):
            shared.append(await _milliseconds(answers_of(second, cache), job, body))
            made.append(await _milliseconds(answers_of(second), job, body))
    print(
        f"{shape}: {len(body)} bytes, median of {rounds}: from Redis "
        f"{statistics.median(shared):.1f} ms, made {statistics.median(made):.1f} ms"
    )


async def _milliseconds(answers: JobAnswers, job: str, expected: bytes) -> float:
    began = time.perf_counter()
    answer = await answers.of(job)
    took = 1000 * (time.perf_counter() - began)
    assert answer.body == expected
    return took


def _search(storage: Storage, members: int) -> str:
    """A running search all of whose evaluations are its front."""
    spec = {
        "supernet": "sup_1",
        "objectives": [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}],
        "budget": {"evaluations": 100_000},
    }
    storage.jobs.add(
        Job(
            id=new_id("job"),
            kind=JobKind.SEARCH,
            supernet="sup_1",
            spec=spec,
            created_at=datetime.now(UTC),
        )
    )
    claim = storage.jobs.claim(worker="w", lease_seconds=1200)
    assert claim is not None
    evaluations = [_evaluation(claim, number, members) for number in range(members)]
    front = [evaluation.id for evaluation in evaluations]
    finished = [Finished(evaluation=evaluation) for evaluation in evaluations[:-1]]
    last = Finished(evaluation=evaluations[-1], front=front, hypervolume=1.0)
    storage.evaluations.record(claim, [*finished, last])
    return claim.job.id


def _evaluation(claim: Claim, number: int, members: int) -> Evaluation:
    share = number / members
    fid = 40 - 20 * share
    return Evaluation(
        id=new_id("evl"),
        job=claim.job.id,
        supernet="sup_1",
        number=number,
        architecture="32:" + "_".join(str(8 + (number * k) % 57) for k in range(1, 11)),
        options={"resolution": 32} | {f"channels.{i}": 0.5 for i in range(10)},
        state=EvaluationState.MEASURED,
        rung=1,
        values={
            "macs": Value(value=1e8 * (1 + share)),
            "params": Value(value=1e6),
            "fid": Value(
                value=fid,
                low=fid - 1,
                high=fid + 1,
                samples=2048,
                protocol_digest="b" * 64,
                replicates=tuple(fid + (i * 37 % 64) / 50 for i in range(128)),
            ),
            "latency_ms": Value(
                value=2 + 6 * share,
                low=1.9 + 6 * share,
                high=2.1 + 6 * share,
                device="cpu",
                protocol_digest="c" * 64,
            ),
        },
        seconds=0.5,
        created_at=datetime.now(UTC),
    )


if __name__ == "__main__":
    main()
