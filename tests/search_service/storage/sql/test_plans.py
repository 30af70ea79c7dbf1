"""On PostgreSQL: pages and fronts come by an index, claims look at one job of each team, and step
over what others have in hand."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Select, insert, text

from search_service.domain.evaluation import Evaluation, Finished
from search_service.domain.job import Claim, Job
from search_service.storage import open_storage
from search_service.storage.sql import (
    claiming,
    evaluation_pages,
    evaluations,
    ledger,
    rows,
    tables,
)
from search_service.storage.sql.engine import Database

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "statement",
    [
        evaluation_pages.by_number("job_a", after=None, limit=9),
        evaluation_pages.by_number("job_a", after=3, limit=9),
        evaluation_pages.by_value_of("fid", "job_a", after=None, limit=9),
        evaluation_pages.by_value_of("macs", "job_a", after=(1.5, 3), limit=9),
        evaluation_pages.listed("=macs", "job_a", after=None, limit=9),
        evaluation_pages.listed("=macs", "job_a", after=3, limit=9),
    ],
)
def test_a_page_is_read_in_the_order_of_an_index(
    empty_postgres_url: str, statement: "Select[tuple[object, ...]]"
) -> None:
    database = Database(empty_postgres_url)
    words = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.reading() as connection:
        # Of small tables a scan is cheap, so these are ruled out: what is left must do.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = "\n".join(connection.execute(text(f"EXPLAIN {words}")).scalars())
    database.close()
    assert "Index" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


def test_a_claim_steps_over_a_job_that_another_has_in_hand(
    empty_postgres_url: str, new_job: Callable[..., Job]
) -> None:
    impatient = f"{empty_postgres_url}&options=-c%20lock_timeout%3D2000"
    storage, database = open_storage(impatient), Database(empty_postgres_url)
    first, second = new_job(), new_job()
    storage.jobs.add(first)
    storage.jobs.add(second)
    with database.writing() as connection:
        ledger.locked(connection, first.id)
        claim = storage.jobs.claim(worker="w", lease_seconds=60)
    assert claim is not None
    assert claim.job.id == second.id
    storage.close()
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        claiming.top_priority(NOW),
        claiming.candidates(0, NOW),
        claiming.oldest(0, "a").with_for_update(skip_locked=True),
    ],
)
def test_a_claim_looks_at_no_more_of_the_queue_than_an_index_shows(
    empty_postgres_url: str, new_job: Callable[..., Job], statement: "Select[tuple[object, ...]]"
) -> None:
    database = Database(empty_postgres_url)
    unclaimed = {"fence": 0, "worker": "", "last_event": 0}
    queued = [rows.row_of(new_job(team=f"{i % 3}")) | unclaimed for i in range(3000)]
    with database.writing() as connection:
        connection.execute(insert(tables.jobs), queued)
        connection.execute(text("ANALYZE jobs"))
        words = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.execute(text(f"EXPLAIN ANALYZE {words}")).scalars())
    database.close()
    assert "ix_jobs_claimable" in plan
    assert "Seq Scan" not in plan
    assert max(map(int, re.findall(r"actual time=\S+ rows=(\d+)", plan))) < 10


def test_the_front_of_a_job_is_read_by_its_own_index(
    empty_postgres_url: str,
    new_job: Callable[..., Job],
    new_evaluation: Callable[..., Evaluation],
    start: Callable[..., Claim],
) -> None:
    storage, database = open_storage(empty_postgres_url), Database(empty_postgres_url)
    claim = start(storage, new_job())
    some = [new_evaluation(claim, number) for number in range(2000)]
    front = [evaluation.id for evaluation in some[::400]]
    *others, last = (Finished(evaluation=evaluation) for evaluation in some)
    storage.evaluations.record(claim, [*others, replace(last, front=front)])
    words = evaluations.front_of(claim.job.id).compile(
        database.engine, compile_kwargs={"literal_binds": True}
    )
    with database.writing() as connection:
        connection.execute(text("ANALYZE evaluations"))
        plan = "\n".join(connection.execute(text(f"EXPLAIN {words}")).scalars())
    assert "ix_evaluations_on_front" in plan
    assert {found.id for found in storage.evaluations.front_of(claim.job.id)} == set(front)
    storage.close()
    database.close()


def test_a_claim_finds_a_job_while_others_have_every_one_that_is_due_in_hand(
    empty_postgres_url: str, new_job: Callable[..., Job]
) -> None:
    impatient = f"{empty_postgres_url}&options=-c%20lock_timeout%3D2000"
    storage, database = open_storage(impatient), Database(empty_postgres_url)
    due, later = [new_job(priority=1, team=team) for team in "ab"], new_job()
    for job in (later, *due):
        storage.jobs.add(job)
    with database.writing() as connection:
        for job in due:
            ledger.locked(connection, job.id)
        claim = storage.jobs.claim(worker="w", lease_seconds=60)
    assert claim is not None
    assert claim.job.id == later.id
    storage.close()
    database.close()
