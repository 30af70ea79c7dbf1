"""The version of a database's schema: checked on opening, brought up by alembic."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from search_service.errors import InvalidSetting, StorageUnavailable
from search_service.storage.sql.engine import POINTER, Database
from search_service.storage.sql.judged import JudgedRows

VERSION_TABLE = "gansearch_alembic_version"  # Optuna's storage owns the usual name
RUN = "python -m search_service.storage"

# Any constant will do, as long as every process that migrates takes the same.
_POSTGRESQL_LOCK = 0x67616E73


def checked(url: str, *, told: Callable[[str], None]) -> Database:
    """The database, if its schema is of this version; a new SQLite file is given one.

    Raises InvalidSetting, and StorageUnavailable for one that does not answer now.
    """
    database = Database(url, told=told)
    try:
        with database.reading() as connection:
            revision, empty = _revision(connection), _is_empty(connection)
        if empty and database.sqlite_file:
            _upgrade(database)
            return database
    except (SQLAlchemyError, StorageUnavailable, OSError) as error:
        database.close()
        raise _unusable(database, error) from error
    head = _scripts().get_current_head()
    if revision != head:
        database.close()
        raise InvalidSetting(
            f"GANSEARCH_DATABASE_URL: the schema is at revision {revision or 'none'}, this version "
            f"of gansearch needs {head}; {_remedy(revision)}",
            pointer=POINTER,
        )
    return database


def upgrade(url: str) -> None:
    """Apply the migrations that the database lacks. Raises as `checked` does."""
    database = Database(url)
    try:
        with database.reading() as connection:
            revision = _revision(connection)
        if revision is not None and not _is_known(revision):
            raise InvalidSetting(
                f"GANSEARCH_DATABASE_URL: the schema is at revision {revision}, which this version "
                f"of gansearch does not know; {_remedy(revision)}",
                pointer=POINTER,
            )
        _upgrade(database)
        JudgedRows(database).move_tails()
    except (SQLAlchemyError, StorageUnavailable, OSError) as error:
        raise _unusable(database, error) from error
    finally:
        database.close()


def _upgrade(database: Database) -> None:
    """In one transaction under a lock, so that of two processes one waits and finds it done."""
    config = _config()
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _is_known(revision: str) -> bool:
    return any(script.revision == revision for script in _scripts().walk_revisions())


def _remedy(revision: str | None) -> str:
    if revision is not None and not _is_known(revision):
        return "it is newer: install the version of gansearch that made it"
    return f"run: GANSEARCH_DATABASE_URL=... {RUN}"


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def _unusable(database: Database, error: Exception) -> InvalidSetting | StorageUnavailable:
    """A driver's word that it cannot connect does not tell a wrong URL from a server that is away:
    it may answer later."""
    cause = error.__cause__ if isinstance(error, StorageUnavailable) else error
    first_line = str(getattr(cause, "orig", None) or cause).splitlines()[0]
    where = database.engine.url.render_as_string(hide_password=True)
    said = f"GANSEARCH_DATABASE_URL: cannot use {where}: {first_line}"
    if isinstance(error, StorageUnavailable):
        return StorageUnavailable(said)
    return InvalidSetting(said, pointer=POINTER)
