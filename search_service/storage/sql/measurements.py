"""Measurements in a database."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from search_service.domain.measurement import Measurement, MeasurementKey
from search_service.storage.clock import Clock
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import Database, insert_new
from search_service.storage.values import by_value

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
            return rows.measurement(connection.execute(stored).mappings().one())
