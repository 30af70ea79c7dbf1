"""`gansearch up`: everything on this machine, API and one worker as children of this process."""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from search_service.cli.children import Child, Children
from search_service.cli.processes import require
from search_service.cli.stopping import StopSignals
from search_service.client import Client
from search_service.errors import InvalidSetting, Unreachable
from search_service.settings import Settings, read_settings

HOST = "127.0.0.1"
API_SECONDS = 90.0  # for its first answer
WORKER_SECONDS = 300.0  # for its Ray, which may take some tries, and for calibrating the device
WORKER_TRIES = 3
CLOSING_SECONDS = 15.0  # for a worker that has drained, to hand back its job and end its Ray
POLL_SECONDS = 0.2


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the API.")] = 8000,
    data: Annotated[
        Path | None, typer.Option(help="The data directory, ./gansearch-data by default.")
    ] = None,
) -> None:
    """Run everything here: SQLite, a local Ray, the API and one worker. Ctrl-C stops it.

    Settings of the environment hold as for `gansearch api` and `gansearch worker`. With
    GANSEARCH_DATABASE_URL the jobs are kept in that database, which others may share, and only
    logs, artifacts and reference statistics in the data directory.

    It exits 0 when it was asked to stop, by Ctrl-C or SIGTERM (twice: without waiting for what
    is under way), and 1 when it could not start or one of the two processes ended by itself.
    """
    require("api")
    require("workers")
    environment = dict(os.environ)
    if data is not None:
        environment["GANSEARCH_DATA_DIR"] = str(data.absolute())
    settings = read_settings(environment)
    _require_shareable(settings)
    environment["GANSEARCH_DATA_DIR"] = str(settings.data_dir)
    logs = settings.data_dir / "logs"
    with _alone_in(settings.data_dir), StopSignals() as signals:
        _require_free(port)
        logs.mkdir(exist_ok=True)
        stop_seconds = settings.drain_seconds + CLOSING_SECONDS
        children = Children(logs, environment, stop_seconds=stop_seconds)
        try:
            server = f"http://{HOST}:{port}"
            if _start(children, server, port, signals):
                typer.echo(f"gansearch is up: {server} (data and logs in {settings.data_dir})")
            while not signals.asked:
                children.require_alive()
                time.sleep(POLL_SECONDS)
            typer.echo("stopping", err=True)
        finally:
            children.stop(at_once=lambda: signals.insisted)


def _require_shareable(settings: Settings) -> None:
    if settings.database_url == "memory://":
        raise InvalidSetting(
            "GANSEARCH_DATABASE_URL: memory:// is seen by one process only and `up` runs two; "
            "leave it out for SQLite in the data directory, or name sqlite:// or postgresql://",
            pointer="/GANSEARCH_DATABASE_URL",
        )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InvalidSetting(
                f"port {port} cannot be used: {error.strerror}; name another by --port"
            ) from error


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Two on one data directory would not hurt the data, but confuse whoever started both."""
    with (directory / "up.lock").open("a+") as lock:
        lock.seek(0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidSetting(
                f"another `gansearch up` (process {lock.read().strip() or 'unknown'}) uses "
                f"{directory}; stop it or name another by --data"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _start(children: Children, server: str, port: int, signals: StopSignals) -> bool:
    """Whether all is up; False when it was asked to stop before. Raises what a child died of."""
    children.start("api", "api", "--host", HOST, "--port", str(port))
    with Client(server) as client:
        if not _ready("api", client.ready, children.require_alive, signals, API_SECONDS):
            return False
    workers = Workers(children)
    return _ready("worker", workers.ready, workers.require_alive, signals, WORKER_SECONDS)


def _ready(
    name: str,
    event: Callable[[], bool],
    check: Callable[[], None],
    signals: StopSignals,
    seconds: float,
) -> bool:
    """Wait for an event; False when asked to stop. Raises Unreachable in the end, or as `check`."""
    deadline = time.monotonic() + seconds
    while not signals.asked:
        check()
        if event():
            return True
        if time.monotonic() > deadline:
            raise Unreachable(f"the {name} was not ready within {seconds:g} s; see its log")
        time.sleep(POLL_SECONDS)
    return False


class Workers:
    """The worker while it starts: one whose Ray ends it is followed by another, up to a limit.

    Ray ends the process that started it, without an exception, when its own store of state does
    not answer in time, as it may on a loaded machine.
    """

    def __init__(self, children: Children) -> None:
        self._children = children
        self._tries = 0
        self._worker = self._next()

    def ready(self) -> bool:
        """Whether it takes jobs: its devices are registered."""
        return self._worker.has_told("ready")

    def require_alive(self) -> None:
        """Raises the fate of a child, but for a worker that is worth another try."""
        worker = self._worker
        by_itself = worker.ended and worker.process.returncode > 0
        if by_itself and not worker.has_told("refused") and self._tries < WORKER_TRIES:
            typer.echo(f"gansearch: {worker.fate}; starting another", err=True)
            self._children.bury(worker)
            self._worker = self._next()
        self._children.require_alive()

    def _next(self) -> Child:
        self._tries += 1
        return self._children.start("worker", "workers", announces=True)
