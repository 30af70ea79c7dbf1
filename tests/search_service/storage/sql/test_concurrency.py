"""Several processes on one database: nothing twice, nothing lost, no gap."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from search_service.domain.event import EventKind
from search_service.domain.job import Job, JobState, JobStep
from search_service.errors import IllegalTransition
from search_service.storage import migrate, open_storage
from search_service.storage.base import Answer, Storage
from search_service.storage.sql.engine import Database
from tests.support.waiting import PATIENCE_SECONDS, until

NewJob = Callable[..., Job]

# Claims until every job has ended; says each claim and each record once it has returned.
WORKER = """
import sys, time
from datetime import UTC, datetime
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished
from search_service.domain.ids import new_id
from search_service.domain.job import JobState
from search_service.errors import LostClaim
from search_service.storage import open_storage

url, name, evaluations = sys.argv[1], sys.argv[2], int(sys.argv[3])
storage = open_storage(url)
while any(state in ("queued", "running", "paused") for _, state in storage.jobs.counts()):
    claim = storage.jobs.claim(worker=name, lease_seconds=60)
    if claim is None:
        time.sleep(0.01)
        continue
    print("claim", claim.job.id, claim.fence, flush=True)
    try:
        for number in range(len(storage.evaluations.of_job(claim.job.id)), evaluations):
            evaluation = Evaluation(
                id=new_id("evl"), job=claim.job.id, supernet="sup_a", number=number,
                architecture=str(number), options={}, state=EvaluationState.MEASURED, rung=0,
                values={}, created_at=datetime.now(UTC),
            )
            finished = Finished(
                evaluation=evaluation, front=[evaluation.id], hypervolume=float(number)
            )
            storage.evaluations.record(claim, [finished])
            print("record", claim.job.id, number, flush=True)
        storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget")
    except LostClaim:
        print("lost", claim.job.id, claim.fence, flush=True)
"""


def start_worker(url: str, name: str, *, evaluations: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORKER, url, name, str(evaluations)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def interrupt(storage: Storage, jobs: list[Job]) -> None:
    """Pause and resume jobs while they run, until all have ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(not storage.jobs.get(job.id).state.terminal for job in jobs):
        assert time.monotonic() < deadline
        for job in jobs[::3]:
            for step in (JobStep.PAUSE, JobStep.RESUME):
                try:
                    storage.jobs.step(job.id, step)
                except IllegalTransition:
                    continue
        time.sleep(0.05)


def test_many_processes_share_one_queue(database_url: str, new_job: NewJob) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    jobs = [new_job() for _ in range(12)]
    for job in jobs:
        storage.jobs.add(job)
    workers = [start_worker(database_url, f"w{n}", evaluations=8) for n in range(3)]
    interrupt(storage, jobs)
    said = [line.split() for worker in workers for line in worker.communicate()[0].splitlines()]
    assert [worker.returncode for worker in workers] == [0, 0, 0]

    claims = [(job, fence) for word, job, fence in said if word == "claim"]
    assert len(claims) == len(set(claims))  # no claim has two owners
    recorded = sorted((job, int(number)) for word, job, number in said if word == "record")
    stored = [(e.job, e.number) for job in jobs for e in storage.evaluations.of_job(job.id)]
    assert sorted(stored) == [(job, n) for job in sorted(j.id for j in jobs) for n in range(8)]
    # Whoever lost the claim wrote nothing: each record has one author.
    assert recorded == sorted(stored)
    for job in jobs:
        ended = storage.jobs.get(job.id)
        assert (ended.state, ended.evaluations) == (JobState.SUCCEEDED, 8)
        events = storage.events.read(job.id)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert [event.kind for event in events].count(EventKind.EVALUATION) == 8
        assert storage.evaluations.history(job.id) == [(n + 1, 1, float(n)) for n in range(8)]
    # Without an interruption one claim is enough.
    assert all(sum(job.id == of for of, _ in claims) == 1 for job in jobs[1::3])
    storage.close()


def works_for_others(url: str) -> bool:
    """Whether a server is at a statement: it comes to the end of one whose process was killed."""
    if url.startswith("sqlite"):
        return False
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "AND state = 'active' AND pid <> pg_backend_pid()"
    )
    database = Database(url)
    with closing(database), database.reading() as connection:
        return bool(connection.execute(text(statement)).scalar_one())


def test_a_killed_process_loses_nothing_that_returned(database_url: str, new_job: NewJob) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    job = new_job()
    storage.jobs.add(job)
    with start_worker(database_url, "doomed", evaluations=1_000_000) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline().split() for _ in range(40)]
        worker.kill()
        said += [line.split() for line in worker.stdout.read().splitlines(keepends=True)]
    until(lambda: not works_for_others(database_url))
    numbers = [
        int(number) for word, _, number in (s for s in said if len(s) == 3) if word != "claim"
    ]
    stored = [evaluation.number for evaluation in storage.evaluations.of_job(job.id)]
    assert stored == list(range(len(stored)))
    assert set(numbers) <= set(stored)
    assert len(stored) - len(numbers) <= 1  # at most the one whose word was cut off
    assert storage.jobs.get(job.id).evaluations == len(stored)
    events = storage.events.read(job.id, limit=100_000)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    storage.close()


def test_processes_that_open_a_new_file_at_once_make_one_schema(
    database_url: str, new_job: NewJob
) -> None:
    script = (
        "import sys; from search_service.storage import migrate, open_storage; "
        "migrate(sys.argv[1]) if sys.argv[1][0] == 'p' else None; "
        "open_storage(sys.argv[1]).jobs.counts()"
    )
    starting = [subprocess.Popen([sys.executable, "-c", script, database_url]) for _ in range(3)]
    assert [process.wait() for process in starting] == [0, 0, 0]
    storage = open_storage(database_url)
    storage.jobs.add(new_job())
    storage.close()


@pytest.mark.parametrize("claimers", [2, 8])
def test_of_many_claimers_at_once_each_job_has_one(
    database_url: str, new_job: NewJob, claimers: int
) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    jobs = [new_job(priority=number % 3) for number in range(40)]
    for job in jobs:
        storage.jobs.add(job)
    together = threading.Barrier(claimers)

    def claim_all(worker: int) -> list[str]:
        together.wait()
        claimed = []
        # None may mean that another has the next one in hand just now.
        while ("search", "queued") in storage.jobs.counts():
            claim = storage.jobs.claim(worker=str(worker), lease_seconds=600)
            claimed += [] if claim is None else [claim.job.id]
        return claimed

    with ThreadPoolExecutor(claimers) as pool:
        shares = list(pool.map(claim_all, range(claimers)))
    assert sorted(id_ for share in shares for id_ in share) == sorted(job.id for job in jobs)
    # Each takes what is most urgent of what is left.
    priority = {job.id: job.priority for job in jobs}
    for share in shares:
        taken = [priority[id_] for id_ in share]
        assert taken == sorted(taken, reverse=True)
    assert storage.jobs.claim(worker="late", lease_seconds=1) is None
    storage.close()


# Says that it is ready, waits for the word, then answers one key with a job of its own.
ANSWERER = """
import sys, time
from datetime import UTC, datetime
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind
from search_service.storage import open_storage
from search_service.storage.base import Answer

storage, seconds = open_storage(sys.argv[1]), float(sys.argv[2])

def create():
    job = Job(id=new_id("job"), kind=JobKind.SEARCH, supernet="sup_a", spec={},
              created_at=datetime.now(UTC))
    storage.jobs.add(job)
    print("added", flush=True)
    time.sleep(seconds)
    return Answer(fingerprint="f", status=201, headers={}, body=job.id.encode())

storage.jobs.counts()
print("ready", flush=True)
sys.stdin.readline()
answer, is_new = storage.answers.once("key", create)
print(answer.body.decode(), is_new, flush=True)
"""


def start_answerer(url: str, *, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", ANSWERER, url, str(seconds)]
    started = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def test_of_processes_with_one_key_at_once_one_creates(database_url: str) -> None:
    migrate(database_url)
    answerers = [start_answerer(database_url, seconds=0.2) for _ in range(3)]
    for answerer in answerers:
        assert answerer.stdin is not None
        answerer.stdin.write("go\n")
    said = [answerer.communicate()[0].splitlines() for answerer in answerers]
    storage = open_storage(database_url)
    (job,) = storage.jobs.page(size=10).items
    assert sorted(lines[-1] for lines in said) == [f"{job.id} False"] * 2 + [f"{job.id} True"]
    storage.close()


def test_a_process_killed_before_its_answer_leaves_neither_job_nor_key(database_url: str) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    with start_answerer(database_url, seconds=600) as doomed:
        assert doomed.stdin is not None
        assert doomed.stdout is not None
        doomed.stdin.write("go\n")
        assert doomed.stdout.readline() == "added\n"
        doomed.kill()
    assert storage.jobs.page(size=10).items == ()
    answer = Answer(fingerprint="f", status=201, headers={}, body=b"later")
    assert storage.answers.once("key", lambda: answer) == (answer, True)
    storage.close()


# Makes the values that nobody makes and waits for the rest, in an order of its own; says what it
# made. With a number it stops there, and holds all it has reserved, until it is killed.
MEASURER = """
import random, sys, time
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.storage import open_storage

storage, seed, stop = open_storage(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
claim = storage.jobs.claim(worker=str(seed), lease_seconds=float(sys.argv[4]))
protocol = Protocol(objective="fid", parameters={})
left = [
    MeasurementKey(supernet_digest="d", architecture=str(n), objective="fid",
                   protocol_digest=protocol.digest, device="")
    for n in range(60)
]
random.Random(seed).shuffle(left)
print("ready", flush=True)
sys.stdin.readline()
made = 0
while left:
    window = left[:4]
    for key in storage.measurements.reserve(claim, window):
        if made == stop:
            print("stopped", flush=True)
            time.sleep(600)
        print("made", key.architecture, flush=True)
        made += 1
        storage.measurements.add({key: Measurement(value=1, low=1, high=1, protocol=protocol)})
    found = storage.measurements.find(window)
    left = [key for key in left if key not in found]
    if not any(key in found for key in window):
        time.sleep(0.01)
        left = left[4:] + left[:4]
"""


def start_measurer(
    url: str, seed: int, *, stop: int = 10**6, lease_seconds: float = 60
) -> "subprocess.Popen[str]":
    words = [url, str(seed), str(stop), str(lease_seconds)]
    started = subprocess.Popen(
        [sys.executable, "-c", MEASURER, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def test_processes_that_need_the_same_values_make_each_once_and_a_dead_one_s_after_its_lease(
    database_url: str, new_job: NewJob
) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    for _ in range(4):
        storage.jobs.add(new_job())
    others = [start_measurer(database_url, seed) for seed in (1, 2, 3)]
    doomed = start_measurer(database_url, 0, stop=5, lease_seconds=10)  # last: its lease runs
    assert doomed.stdin is not None
    assert doomed.stdout is not None
    doomed.stdin.write("go\n")  # the others wait, or they may leave it nothing to stop at
    said = []
    while (line := doomed.stdout.readline()) != "stopped\n":
        assert line, "it ended by itself"
        said.append(line)
    with doomed:
        doomed.kill()
    for measurer in others:
        assert measurer.stdin is not None
        measurer.stdin.write("go\n")
    for measurer in others:
        said += measurer.communicate(timeout=PATIENCE_SECONDS)[0].splitlines(keepends=True)
    assert [measurer.returncode for measurer in others] == [0, 0, 0]
    made = sorted(int(line.split()[1]) for line in said)
    assert made == list(range(60))
    storage.close()
