"""Schema versions: built by migrations, checked on opening, never guessed."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobState, team_of
from search_service.errors import InvalidSetting, StorageUnavailable
from search_service.storage import migrate, open_storage
from search_service.storage.schema import VERSION_TABLE
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import metadata

START = datetime(2030, 1, 1, tzinfo=UTC)


def set_revision(url: str, revision: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
    database.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gansearch.db'}"


def test_the_migrations_build_the_schema_that_the_code_uses(database_url: str) -> None:
    migrate(database_url)
    database = Database(database_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_job_of_the_first_schema_is_kept_and_has_no_result(
    database_url: str, downgrade: Callable[[str, str], None]
) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    job = Job(id=new_id("job"), kind=JobKind.SEARCH, spec={"seed": 1}, created_at=START)
    storage.jobs.add(job)
    storage.close()
    downgrade(database_url, "0001")
    with pytest.raises(InvalidSetting, match="revision 0001"):
        open_storage(database_url)
    migrate(database_url)
    storage = open_storage(database_url)
    assert storage.jobs.get(job.id) == job
    claim = storage.jobs.claim(worker="first", lease_seconds=30)
    assert claim is not None
    done = storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="", result={"made": 1})
    assert done.result == {"made": 1}
    storage.close()


def test_a_job_from_before_there_were_teams_is_of_the_one_its_label_names(
    database_url: str, downgrade: Callable[[str, str], None]
) -> None:
    migrate(database_url)
    storage = open_storage(database_url)
    said = [{"team": "a"}, {"team": ""}, {"other": "b"}, {}]
    jobs = [
        Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, labels=labels, created_at=START)
        for labels in said
    ]
    for job in jobs:
        storage.jobs.add(job)
    storage.close()
    downgrade(database_url, "0004")
    migrate(database_url)
    storage = open_storage(database_url)
    teams = [storage.jobs.get(job.id).team for job in jobs]
    assert teams == ["a", "default", "default", "default"] == [team_of(labels) for labels in said]
    storage.close()


def test_migrating_again_changes_nothing(url: str) -> None:
    migrate(url)
    migrate(url)
    open_storage(url).close()


def test_a_server_s_database_is_not_migrated_by_opening_it(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS bare"))
        connection.execute(text("CREATE DATABASE bare"))
    database.close()
    bare = postgres_url.replace("/postgres?", "/bare?")
    with pytest.raises(InvalidSetting, match=r"none.*python -m search_service.storage"):
        open_storage(bare)
    migrate(bare)
    open_storage(bare).close()


def test_a_file_with_tables_of_others_is_left_alone(url: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE theirs (x INTEGER)"))
    database.close()
    with pytest.raises(InvalidSetting, match="revision none"):
        open_storage(url)


def test_an_unknown_revision_is_refused_by_both(url: str) -> None:
    open_storage(url).close()
    set_revision(url, "9999")
    for refuse in (open_storage, migrate):
        with pytest.raises(InvalidSetting, match=r"9999.*newer") as caught:
            refuse(url)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "not a database URL"),
        ("nonsense", "not a database URL"),
        ("postgresql://u@h:port/name", "not a database URL"),
        ("mysql://h/d", "mysql"),
        ("sqlite://", "file"),
        ("sqlite:///:memory:", "file"),
    ],
)
def test_a_url_of_no_database_is_refused_in_one_line(bad: str, why: str) -> None:
    with pytest.raises(InvalidSetting, match=why) as caught:
        open_storage(bad)
    assert caught.value.pointer == "/GANSEARCH_DATABASE_URL"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("away", "why"),
    [
        ("sqlite:////proc/none/x.db", "unable to open"),
        ("postgresql://u:secret@127.0.0.1:1/d", "refused"),
    ],
)
def test_a_database_that_cannot_be_reached_may_be_later_and_is_one_line(
    away: str, why: str
) -> None:
    for open_ in (open_storage, migrate):
        with pytest.raises(
            StorageUnavailable, match=f"^GANSEARCH_DATABASE_URL: cannot use .*{why}"
        ) as caught:
            open_(away)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_now_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageUnavailable, match=r"x\.db: file is not a database$"):
        open_storage(f"sqlite:///{path}")


def test_the_command_migrates_and_refuses_in_one_line(url: str) -> None:
    words = [sys.executable, "-m", "search_service.storage"]

    def run(database_url: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "GANSEARCH_DATABASE_URL": database_url,
            "GANSEARCH_DATA_DIR": str(Path(url.removeprefix("sqlite:///")).parent),
        }
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert run(url).returncode == 0
    open_storage(url).close()
    refused = run("mysql://h/d")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1


def test_making_a_database_says_nothing_where_everything_is_said(url: str) -> None:
    script = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG);"
        "from search_service.storage import open_storage; open_storage(sys.argv[1]).close();"
        "logging.getLogger('alembic.runtime.migration').error('a failure')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, url], capture_output=True, text=True, check=True
    )
    said = [line for line in done.stderr.splitlines() if "alembic" in line]
    assert said == ["ERROR:alembic.runtime.migration:a failure"]
