"""On PostgreSQL: pages come in an index's order, and claims step over what others have in hand."""

from collections.abc import Callable

import pytest
from sqlalchemy import Select, text

from search_service.domain.job import Job
from search_service.storage import open_storage
from search_service.storage.sql import evaluation_pages, ledger
from search_service.storage.sql.engine import Database


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
