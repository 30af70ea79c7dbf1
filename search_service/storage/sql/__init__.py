"""The store in a database, through SQLAlchemy Core: SQLite, and PostgreSQL by psycopg 3."""

from sqlalchemy import text

from search_service.storage.base import (
    Answers,
    Devices,
    Evaluations,
    Events,
    Jobs,
    Measurements,
    Supernets,
    Workers,
)
from search_service.storage.clock import Clock, utc_now
from search_service.storage.sql.answers import SqlAnswers
from search_service.storage.sql.devices import SqlDevices
from search_service.storage.sql.engine import Database
from search_service.storage.sql.evaluations import SqlEvaluations
from search_service.storage.sql.events import SqlEvents
from search_service.storage.sql.jobs import SqlJobs
from search_service.storage.sql.measurements import SqlMeasurements
from search_service.storage.sql.supernets import SqlSupernets
from search_service.storage.sql.workers import SqlWorkers

__all__ = ["SqlStorage"]


class SqlStorage:
    """All nouns over one database, whose schema is the present one."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self.supernets: Supernets = SqlSupernets(database)
        self.jobs: Jobs = SqlJobs(database, clock=clock)
        self.evaluations: Evaluations = SqlEvaluations(database, clock=clock)
        self.measurements: Measurements = SqlMeasurements(database, clock=clock)
        self.events: Events = SqlEvents(database, clock=clock)
        self.devices: Devices = SqlDevices(database)
        self.answers: Answers = SqlAnswers(database, clock=clock)
        self.workers: Workers = SqlWorkers(database, clock=clock)

    def ping(self) -> None:
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        self._database.close()
