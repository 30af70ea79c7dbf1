"""What the driver says of a database that is away becomes one error of ours; mistakes do not."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from search_service.errors import StorageUnavailable
from search_service.storage import open_storage
from search_service.storage.sql import engine, tables
from search_service.storage.sql.engine import Database, _connect_args, parse_url


def one_line(error: StorageUnavailable) -> str:
    said = str(error)
    assert "\n" not in said
    assert error.__cause__ is not None
    return said


def test_a_server_that_is_away_is_unavailable_and_its_password_stays_secret() -> None:
    database = Database("postgresql://someone:hidden@127.0.0.1:1/nowhere")
    for transaction in (database.reading, database.writing):
        with pytest.raises(StorageUnavailable) as caught, transaction():
            pass
        assert "refused" in one_line(caught.value)
        assert "hidden" not in one_line(caught.value)
    database.close()


def test_a_file_that_another_holds_for_too_long_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0.1)
    file = tmp_path / "gansearch.db"
    storage = open_storage(f"sqlite:///{file}")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    storage.ping()  # a reader does not wait for a writer
    started = time.monotonic()
    with pytest.raises(StorageUnavailable, match="locked"):
        storage.jobs.claim(worker="w", lease_seconds=1)
    assert time.monotonic() - started < 10
    holder.execute("ROLLBACK")
    assert storage.jobs.claim(worker="w", lease_seconds=1) is None
    holder.close()
    storage.close()


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "gansearch.db"
    storage = open_storage(f"sqlite:///{file}")
    storage.close()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnavailable) as caught:
        storage.ping()
    assert "not a database" in one_line(caught.value)
    storage.close()


def test_a_server_that_ends_a_connection_is_unavailable_then_answers_again(
    empty_postgres_url: str,
) -> None:
    storage, database = open_storage(empty_postgres_url), Database(empty_postgres_url)
    with pytest.raises(StorageUnavailable), database.reading() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    storage.ping()
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()
    storage.close()


def test_a_wrong_statement_is_no_outage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gansearch.db'}"
    open_storage(url).close()
    database = Database(url)
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(tables.devices), {"id": "dev_1", "name": None})
    database.close()


def test_a_row_is_read_though_the_connection_to_it_was_broken(empty_postgres_url: str) -> None:
    database = Database(empty_postgres_url)
    mine = text("SELECT pg_backend_pid()")
    (broken,) = database.rows(mine)[0]
    assert database.rows(mine)[0] == (broken,)  # it is kept
    with database.writing() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({broken})"))
    for _ in range(2):
        assert database.rows(mine)[0] != (broken,)
    database.close()


def test_what_is_not_committed_is_read_in_its_own_transaction_alone(database_url: str) -> None:
    database = Database(database_url)
    open_storage(database_url).close()
    row = {"name": "w", "token": "t", "until": datetime(2030, 1, 1, tzinfo=UTC)}
    names = select(tables.workers.c.name)
    with database.together() as connection:
        connection.execute(insert(tables.workers), row)
        assert [tuple(found) for found in database.rows(names)] == [("w",)]
        assert database.rows(names, committed=True) == []
    assert [tuple(found) for found in database.rows(names)] == [("w",)]
    database.close()


def test_a_server_that_vanishes_is_not_waited_for_for_ever_unless_the_url_says_so() -> None:
    for query, seconds in (("", 10), ("?connect_timeout=3", 3)):
        url = parse_url(f"postgresql://u@h/name{query}")
        engine = Database(url.render_as_string()).engine
        _, options = engine.dialect.create_connect_args(url)
        said = {**options, **_connect_args(url)}
        assert int(said["connect_timeout"]) == seconds
        assert said["tcp_user_timeout"] == 30_000
