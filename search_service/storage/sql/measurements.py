"""Measurements in a database."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, tuple_

from search_service.domain.job import Claim
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
        if not by_digest:
            return {}
        with self._database.reading() as connection:
            return _find(connection, by_digest)

    def add(
        self, measured: Mapping[MeasurementKey, Measurement]
    ) -> Mapping[MeasurementKey, Measurement]:
        if not measured:
            return {}
        now = self._clock()
        kept = {key: replace(by_value(m), images_png=None) for key, m in measured.items()}
        by_digest = {rows.key_digest(key): key for key in kept}
        digests = sorted(by_digest)  # one order for all, so that none wait in a circle
        new_rows = [
            rows.measurement_row(by_digest[d], kept[by_digest[d]], now=now) for d in digests
        ]
        with self._database.writing() as connection:
            new = insert_new(connection, tables.measurements, new_rows)
            connection.execute(delete(tables.measurement_leases).where(_leases.key.in_(digests)))
            others = {d: key for d, key in by_digest.items() if (d,) not in new}
            stored = _find(connection, others) if others else {}
        return kept | stored

    def reserve(self, claim: Claim, keys: Collection[MeasurementKey]) -> Collection[MeasurementKey]:
        now = self._clock()
        by_digest = {rows.key_digest(key): key for key in keys}
        mine = {"job": claim.job.id, "fence": claim.fence}
        with self._database.writing() as connection:
            ledger.claimed(connection, claim)
            if not by_digest:
                return set()
            insert = insert_into(connection, tables.measurement_leases)
            statement = insert.on_conflict_do_update(
                index_elements=["key"],
                set_={"job": insert.excluded.job, "fence": insert.excluded.fence},
                where=_is_free(claim, now),
            ).returning(_leases.key)
            leases = [mine | {"key": digest} for digest in sorted(by_digest)]  # as above
            held = list(connection.execute(statement, leases).scalars())
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


def _find(
    connection: Connection, by_digest: Mapping[str, MeasurementKey]
) -> dict[MeasurementKey, Measurement]:
    digests, found = list(by_digest), {}
    for start in range(0, len(digests), KEYS_A_QUERY):
        some = tables.measurements.c.key.in_(digests[start : start + KEYS_A_QUERY])
        for row in connection.execute(select(tables.measurements).where(some)).mappings():
            found[by_digest[row["key"]]] = rows.measurement(row)
    return found


def _is_free(claim: Claim, now: datetime) -> ColumnElement[bool]:
    """Of a lease that is there already: it is this job's, or its claim stands no more."""
    standing = select(_jobs.id, _jobs.fence).where(
        tables.RUNNING,
        _jobs.lease_until > now,
        _jobs.lease_until <= now + LONGEST_LEASE,
    )
    return or_(_leases.job == claim.job.id, tuple_(_leases.job, _leases.fence).not_in(standing))
