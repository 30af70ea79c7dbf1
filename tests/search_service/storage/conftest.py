"""Every store behind one fixture, a clock that only tests move, and small values to store."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind
from search_service.storage import migrations, open_storage
from search_service.storage.base import Storage
from search_service.storage.sql.engine import Database
from tests.support.databases import sqlite_url

START = datetime(2030, 1, 1, tzinfo=UTC)


class MovedClock:
    """Tells a time that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def advance(clock: MovedClock) -> Callable[[float], None]:
    return clock.advance


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that several processes can share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gansearch.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, clock: MovedClock) -> Iterator[Storage]:
    match request.param:
        case "memory":
            url = "memory://"
        case "sqlite":
            url = sqlite_url(tmp_path)
        case _:
            url = request.getfixturevalue("empty_postgres_url")
    opened = open_storage(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def downgrade() -> Callable[[str, str], None]:
    """Take a database back to what an older version of this project had built."""

    def do(url: str, revision: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        database = Database(url)
        with database.writing() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
        database.close()

    return do


@pytest.fixture
def new_job() -> Callable[..., Job]:
    """A queued job, each created a second after the one before; any field may be given."""
    ages = itertools.count()

    def make(**fields: Any) -> Job:
        created_at = START + timedelta(seconds=next(ages))
        defaults = {"supernet": "sup_a", "spec": {"seed": 1}, "created_at": created_at}
        return Job(**{"id": new_id("job"), "kind": JobKind.SEARCH, **defaults, **fields})

    return make


@pytest.fixture
def new_evaluation() -> Callable[..., Evaluation]:
    """A measured evaluation of a claim's job; `fid` and `macs` become its values."""

    def make(
        claim: Claim,
        number: int,
        *,
        fid: float | None = 20.0,
        macs: float = 1e8,
        **fields: Any,
    ) -> Evaluation:
        values = {"macs": Value(value=macs)}
        if fid is not None:
            values["fid"] = Value(value=fid, low=fid - 1, high=fid + 1, samples=512)
        defaults = {
            "architecture": f"32:{number}",
            "options": {"resolution": 32, "channels.0": 0.5},
            "state": EvaluationState.MEASURED,
            "rung": 0,
            "values": values,
            "created_at": START,
        }
        return Evaluation(
            **{
                "id": new_id("evl"),
                "job": claim.job.id,
                "supernet": claim.job.supernet,
                "number": number,
                **defaults,
                **fields,
            }
        )

    return make


@pytest.fixture
def record() -> Callable[..., None]:
    """Record an evaluation; the front stays as it is unless it is given."""

    def do(storage: Storage, claim: Claim, evaluation: Evaluation, **fields: Any) -> None:
        storage.evaluations.record(claim, [Finished(evaluation=evaluation, **fields)])

    return do


@pytest.fixture
def start() -> Callable[[Storage, Job], Claim]:
    """Add a job and claim it."""

    def do(storage: Storage, job: Job) -> Claim:
        storage.jobs.add(job)
        claim = storage.jobs.claim(worker="first", lease_seconds=30)
        assert claim is not None
        assert claim.job.id == job.id
        return claim

    return do
