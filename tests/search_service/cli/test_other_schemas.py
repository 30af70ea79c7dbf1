"""Real processes of the service before a database of another version."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.command import upgrade
from alembic.config import Config
from sqlalchemy import text

from search_service.storage import migrate, migrations
from search_service.storage.schema import VERSION_TABLE
from search_service.storage.sql.engine import Database


def build_older(url: str) -> None:
    """As the version before there were teams built it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with closing(Database(url)) as database, database.writing() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "0004")


def build_newer(url: str) -> None:
    migrate(url)
    with closing(Database(url)) as database, database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))


@pytest.mark.parametrize("command", ["api", "worker"])
@pytest.mark.parametrize(
    ("build", "found", "remedy"),
    [
        (build_older, "0004", "run: GANSEARCH_DATABASE_URL=... python -m search_service.storage"),
        (build_newer, "9999", "it is newer: install the version of gansearch that made it"),
    ],
    ids=["older", "newer"],
)
def test_another_version_s_database_ends_it_with_one_line_that_says_what_to_do(
    tmp_path: Path,
    port: int,
    command: str,
    build: Callable[[str], None],
    found: str,
    remedy: str,
) -> None:
    file = tmp_path / "gansearch.db"
    build(f"sqlite:///{file}")
    before = file.read_bytes()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GANSEARCH_")}
    options = ["--port", str(port)] if command == "api" else []
    done = subprocess.run(
        [sys.executable, "-m", "search_service.cli", command, *options],
        env=environment | {"GANSEARCH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    start = f"gansearch {command}: GANSEARCH_DATABASE_URL: the schema is at revision {found}, "
    assert done.stderr.startswith(start)
    assert done.stderr.endswith(f"; {remedy}\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert file.read_bytes() == before
