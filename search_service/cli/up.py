"""`gansearch up`: everything on this machine, API and one worker as children of this process."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from search_service.cli.processes import require
from search_service.client import Client
from search_service.errors import InvalidSetting, Unreachable
from search_service.settings import read_settings

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 15.0  # for a worker to hand back its job and end its Ray
POLL_SECONDS = 0.2

Child = tuple[str, "subprocess.Popen[bytes]"]


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the API.")] = 8000,
    data: Annotated[
        Path | None, typer.Option(help="The data directory, ./gansearch-data by default.")
    ] = None,
) -> None:
    """Run everything here: SQLite, a local Ray, the API and one worker. Ctrl-C stops it."""
    require("api")
    require("workers")
    environment = dict(os.environ)
    if data is not None:
        environment["GANSEARCH_DATA_DIR"] = str(data.absolute())
    settings = read_settings(environment)
    environment["GANSEARCH_DATA_DIR"] = str(settings.data_dir)
    _require_free(port)
    with _alone_in(settings.data_dir), _terminated_by_signals():
        children: list[Child] = []
        try:
            logs = settings.data_dir / "logs"
            logs.mkdir(exist_ok=True)
            children.append(
                _start("api", ["api", "--host", HOST, "--port", str(port)], environment, logs)
            )
            server = f"http://{HOST}:{port}"
            _wait_until_ready(server, children, logs)
            children.append(_start("worker", ["workers"], environment, logs))
            typer.echo(f"gansearch is up: {server} (data and logs in {settings.data_dir})")
            while True:
                _require_alive(children, logs)
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            typer.echo("stopping", err=True)
        finally:
            _stop(children)


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
    with (directory / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidSetting(
                f"another `gansearch up` uses {directory}; stop it or name another by --data"
            ) from error
        yield


@contextmanager
def _terminated_by_signals() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(name: str, module: list[str], environment: dict[str, str], logs: Path) -> Child:
    """In a session of its own, so that Ctrl-C reaches only us, and ending with us at the latest:
    the child watches a pipe whose other end closes when this process is gone."""
    watched, kept = os.pipe()
    code = (
        "import os, runpy, signal, sys, threading\n"
        "def watch():\n"
        f"    os.read({watched}, 1)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        "module = sys.argv[1]\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_module(module, run_name='__main__', alter_sys=True)\n"
    )
    with (logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *module],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(watched,),
        )
    os.close(watched)
    os.set_inheritable(kept, False)
    return name, process


def _wait_until_ready(server: str, children: list[Child], logs: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Client(server) as client:
        while time.monotonic() < deadline:
            _require_alive(children, logs)
            if client.ready():
                return
            time.sleep(POLL_SECONDS)
    raise Unreachable(f"the API did not answer within {START_SECONDS:g} s; see {logs}/api.log")


def _require_alive(children: list[Child], logs: Path) -> None:
    for name, process in children:
        if process.poll() is not None:
            log = logs / f"{name}.log"
            lines = log.read_text(errors="replace").strip().splitlines()
            last = lines[-1] if lines else "it said nothing"
            raise InvalidSetting(f"the {name} ended ({process.returncode}): {last}; see {log}")


def _stop(children: list[Child]) -> None:
    """Ask all, wait, then end what is left of their sessions (a Ray that lost its owner)."""
    for _, process in children:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for _, process in children:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
