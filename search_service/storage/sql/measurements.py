"""Measurements in a database."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_

from search_service.domain.job import Claim, JobState
from search_service.domain.measurement import Measurement, MeasurementKey
from search_service.storage.clock import LONGEST_LEASE, Clock
from search_service.storage.sql import ledger, rows, tables
from search_service.storage.sql.engine import Database, insert_into, insert_new
from search_service.storage.values import by_value

_leases = tables.measurement_leases.c
_jobs = tables.jobs.c

KEYS_A_QUERY = 500  # well under every database's limit of parameters


class SqlMeasurements:
    """See `base.Measurements`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, keys: Iterable[MeasurementKey]) -> Mapping[MeasurementKey, Measurement]:
        by_digest = {rows.key_digest(key): key for key in keys}
        digests = list(by_digest)
        found = {}
        with self._database.reading() as connection:
            for start in range(0, len(digests), KEYS_A_QUERY):
                some = digests[start : start + KEYS_A_QUERY]
                statement = select(tables.measurements).where(tables.measurements.c.key.in_(some))
                for row in connection.execute(statement).mappings():
                    found[by_digest[row["key"]]] = rows.measurement(row)
        return found

    def add(self, key: MeasurementKey, measurement: Measurement) -> Measurement:
        row = rows.measurement_row(key, by_value(measurement), now=self._clock())
        stored = select(tables.measurements).where(tables.measurements.c.key == row["key"])
        with self._database.writing() as connection:
            insert_new(connection, tables.measurements, row)
            connection.execute(delete(tables.measurement_leases).where(_leases.key == row["key"]))
            return rows.measurement(connection.execute(stored).mappings().one())

    def reserve(self, claim: Claim, keys: Collection[MeasurementKey]) -> Collection[MeasurementKey]:
        now = self._clock()
        by_digest = {rows.key_digest(key): key for key in keys}
        lease = {"job": claim.job.id, "fence": claim.fence}
        with self._database.writing() as connection:
            ledger.claimed(connection, claim)
            insert = insert_into(connection, tables.measurement_leases)
            held: list[str] = []
            for digest in sorted(by_digest):  # one order for all, so that none wait in a circle
                statement = insert.values(lease | {"key": digest}).on_conflict_do_update(
                    index_elements=["key"], set_=lease, where=_is_free(claim, now)
                )
                held += connection.execute(statement.returning(_leases.key)).scalars()
            # Asked only now: whoever had a lease that was waited for has stored the value with its
            # end.
            stored = tables.measurements.c.key.in_(held)
            known = set(
                connection.execute(select(tables.measurements.c.key).where(stored)).scalars()
            )
            if known:
                connection.execute(delete(tables.measurement_leases).where(_leases.key.in_(known)))
        return {by_digest[digest] for digest in held if digest not in known}

    def give_up(self, claim: Claim, keys: Collection[MeasurementKey]) -> None:
        digests = [rows.key_digest(key) for key in keys]
        mine = and_(_leases.job == claim.job.id, _leases.key.in_(digests))
        with self._database.writing() as connection:
            ledger.claimed(connection, claim)
            connection.execute(delete(tables.measurement_leases).where(mine))


def _is_free(claim: Claim, now: datetime) -> ColumnElement[bool]:
    """Of a lease that is there already: it is this job's, or its claim stands no more."""
    standing = select(_jobs.id, _jobs.fence).where(
        tables.OPEN_STATES,
        _jobs.state == JobState.RUNNING,
        _jobs.lease_until > now,
        _jobs.lease_until <= now + LONGEST_LEASE,
    )
    return or_(_leases.job == claim.job.id, tuple_(_leases.job, _leases.fence).not_in(standing))
