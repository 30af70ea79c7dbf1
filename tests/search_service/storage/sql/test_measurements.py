"""What measurements leave in a database."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import func, select

from search_service.domain.job import Claim, Job
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.sql import tables
from search_service.storage.sql.engine import Database

PROTOCOL = Protocol(objective="fid", parameters={"samples": 64, "seed": 0})
KEY = MeasurementKey(
    supernet_digest="d" * 64,
    architecture="a",
    objective="fid",
    protocol_digest=PROTOCOL.digest,
    device="",
)


def test_a_stored_measurement_leaves_no_lease_behind(
    empty_postgres_url: str,
    new_job: Callable[..., Job],
    start: Callable[[Storage, Job], Claim],
) -> None:
    storage, database = open_storage(empty_postgres_url), Database(empty_postgres_url)
    claim = start(storage, new_job())
    keys = [replace(KEY, architecture=text) for text in "abc"]
    storage.measurements.reserve(claim, keys)

    def leased() -> int:
        mine = tables.measurement_leases.c.job == claim.job.id
        statement = select(func.count()).select_from(tables.measurement_leases).where(mine)
        with database.reading() as connection:
            return connection.execute(statement).scalar_one()

    assert leased() == 3
    measured = Measurement(value=1.0, low=1.0, high=1.0, protocol=PROTOCOL)
    storage.measurements.add(dict.fromkeys(keys[:2], measured))
    assert leased() == 1
    storage.measurements.give_up(claim, keys[2:])
    assert leased() == 0
    storage.close()
    database.close()
