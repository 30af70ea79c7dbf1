"""What a claim takes when very many jobs are open.

python -m benchmarks.claim_backlog [--jobs 100000] [--claims 100]

On PostgreSQL and on SQLite, so many queued jobs of 50 teams with three priorities, 200 jobs that
others are at work on, and as many ended ones as open ones. What is claimed is finished at once.
Choosing alone is a claim without its writes and their sync to the disk.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import insert, text

from benchmarks.servers import load_of_machine, postgres
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobState
from search_service.storage import open_storage
from search_service.storage.sql import claiming, rows, tables
from search_service.storage.sql.engine import Database

TEAMS, RUNNING, PRIORITIES = 50, 200, 3
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 5000
GOAL_MS = 20.0


def main() -> None:
    """Print a line for each store and length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=100)
    asked = parser.parse_args()
    for store in ("postgres", "sqlite"):
        for count in (100, asked.jobs):
            with database(store) as url:
                fill(url, count)
                times = sorted(claims(url, asked.claims))
                choosing = median(choices(url, asked.claims))
            print(
                f"{store:<9} {count:>7} open jobs: a claim takes {median(times):6.2f} ms, p99 "
                f"{times[len(times) * 99 // 100]:6.2f} ms (goal: {GOAL_MS:.0f}), choosing alone "
                f"{choosing:5.2f} ms  {load_of_machine()}",
                flush=True,
            )


@contextmanager
def database(store: str) -> Iterator[str]:
    """An empty one."""
    if store == "postgres":
        with postgres() as url:
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'gansearch.db'}"


def fill(url: str, count: int) -> None:
    """The jobs, as those who add, claim and finish them would leave them."""
    open_storage(url).close()
    states = [JobState.QUEUED] * count + [JobState.SUCCEEDED] * count
    states += [JobState.RUNNING] * RUNNING
    until = datetime.now(UTC) + timedelta(seconds=1000)
    stored = []
    for i, state in enumerate(states):
        job = Job(
            id=new_id("job"),
            kind=JobKind.SEARCH,
            supernet="sup_a",
            spec={"supernet": "sup_a", "budget": {"evaluations": 100}},
            state=state,
            team=f"team {i * 7 % TEAMS}",
            priority=i % PRIORITIES,
            created_at=BEGAN + timedelta(seconds=i),
        )
        running = state is JobState.RUNNING
        stored.append(
            rows.row_of(job)
            | {
                "fence": int(state is not JobState.QUEUED),
                "worker": "other" if running else "",
                "lease_until": until if running else None,
                "last_event": 0,
            }
        )
    with closing(Database(url)) as database:
        with database.writing() as connection:
            for first in range(0, len(stored), AT_ONCE):
                connection.execute(insert(tables.jobs), stored[first : first + AT_ONCE])
        with database.writing() as connection:
            connection.execute(text("ANALYZE"))


def claims(url: str, count: int) -> Iterator[float]:
    """Milliseconds of each."""
    storage = open_storage(url)
    for _ in range(count):
        began = time.perf_counter()
        claim = storage.jobs.claim(worker="w", lease_seconds=60)
        yield 1000 * (time.perf_counter() - began)
        assert claim is not None
        storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="")
    storage.close()


def choices(url: str, count: int) -> Iterator[float]:
    """Milliseconds of each, in transactions that change nothing."""
    with closing(Database(url)) as database:
        for _ in range(count):
            with database.reading() as connection:
                began = time.perf_counter()
                assert claiming.next_claimable(connection, datetime.now(UTC)) is not None
                yield 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
