"""What one process asks of the stores: connections to PostgreSQL, processor time of Redis.

python -m benchmarks.stores

A worker does a search, a training and a scoring one after another, then an API process answers
eight event streams and 64 clients that ask for jobs and for a front. Meanwhile the server's own
list of connections is counted, twenty times a second. Of Redis: what the server takes for a message
that some processes hear, and for a kept answer.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg
import redis as redis_client
from redis.client import PubSub

from benchmarks.clients import loaded
from benchmarks.servers import cpu_seconds, load_of_machine, postgres, redis
from infra.chaos import workload
from infra.chaos.workload import Workload
from infra.ports import free_port, is_listened_to
from search_service import catalog, jobs
from search_service.queue import open_wake_ups
from search_service.storage import open_storage

WORK = Workload(
    searches=1,
    timed=0,
    trainings=1,
    scorings=1,
    evaluations=8,
    images=200,
    samples=512,
    doomed_searches=0,
    doomed_trainings=0,
)
STREAMS, CLIENTS, SECONDS = 8, 64, 10.0
HEARERS = (0, 4, 16)  # processes
MESSAGES = 10_000
ANSWER_BYTES = 30_000
OWN = "benchmark"  # how its own connections name themselves
LIST = (
    "SELECT count(*) FROM pg_stat_activity"
    f" WHERE backend_type = 'client backend' AND application_name <> '{OWN}'"
)


def main() -> None:
    """Print a line for each."""
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        submit(url, Path(folder))
        environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith("GANSEARCH_")},
            "GANSEARCH_DATA_DIR": folder,
            "GANSEARCH_DATABASE_URL": url,
            "GANSEARCH_LOG_LEVEL": "ERROR",
        }
        with counting(url) as most:
            work_off(url, environment)
        print(f"a worker: at most {most()} connections to PostgreSQL")
        with counting(url) as most:
            answer(url, environment)
        print(f"an API process: at most {most()} connections to PostgreSQL")
    ask_redis()
    print(load_of_machine())


def submit(url: str, folder: Path) -> None:
    """A job of each kind."""
    with closing(open_storage(url)) as storage:
        wake_ups = open_wake_ups(None)
        catalog.register_supernet(**workload.supernet(), storage=storage, wake_ups=wake_ups)
        data = workload.write_data(folder / "pairs")
        for body in workload.bodies(WORK, data).values():
            jobs.submit(body["kind"], body["spec"], storage=storage, wake_ups=wake_ups)


@contextmanager
def counting(url: str) -> Iterator[Callable[[], int]]:
    """Gives the most connections of others that there were."""
    counts, done = [0], threading.Event()

    def count() -> None:
        with psycopg.connect(url, autocommit=True, application_name=OWN) as connection:
            while not done.wait(0.05):
                found = connection.execute(LIST).fetchone()
                assert found is not None
                counts.append(found[0])

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield lambda: max(counts)
    finally:
        done.set()
        thread.join()


def work_off(url: str, environment: dict[str, str]) -> None:
    """A worker does all that is there."""
    worker = subprocess.Popen([sys.executable, "-m", "workers"], env=environment)
    with psycopg.connect(url, autocommit=True, application_name=OWN) as connection:
        while connection.execute("SELECT 1 FROM jobs WHERE state <> 'succeeded'").fetchone():
            time.sleep(0.5)
    worker.terminate()
    worker.wait()


def answer(url: str, environment: dict[str, str]) -> None:
    """An API process has clients."""
    with closing(open_storage(url)) as storage:
        ids = [job.id for job in storage.jobs.page(size=10).items]
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "api", "--port", str(port)], env=environment)
    while not is_listened_to(port):
        time.sleep(0.1)
    paths = ["/v1/jobs", *(f"/v1/jobs/{id_}" for id_ in ids)]
    paths.append(f"/v1/supernets/{workload.SUPERNET_NAME}/front?objectives=fid,macs")
    for i in range(STREAMS):
        events = f"http://127.0.0.1:{port}/v1/jobs/{ids[i % len(ids)]}/events"
        threading.Thread(target=lambda at=events: urlopen(at).read(), daemon=True).start()
    loaded(port, server.pid, paths, clients=CLIENTS, seconds=SECONDS)
    server.terminate()
    server.wait()


def ask_redis() -> None:
    """Processor time of the server, one client asking."""
    with redis() as server, redis_client.Redis.from_url(server.url) as client:
        for hearers in HEARERS:
            heard = [PubSub(client.connection_pool) for _ in range(hearers)]
            for each in heard:
                each.subscribe("news")
            took = _microseconds(server.process.pid, lambda: client.publish("news", b"j" * 30))
            print(f"Redis: {took:.0f} us for a message that {hearers} processes hear")
            for each in heard:
                each.close()
        client.set("answer", b"x" * ANSWER_BYTES)
        took = _microseconds(server.process.pid, lambda: client.get("answer"))
        print(f"Redis: {took:.0f} us for a kept answer of {ANSWER_BYTES} bytes")


def _microseconds(server: int, ask: Callable[[], object]) -> float:
    before = cpu_seconds(server)
    for _ in range(MESSAGES):
        ask()
    return 1e6 * (cpu_seconds(server) - before) / MESSAGES


if __name__ == "__main__":
    main()
