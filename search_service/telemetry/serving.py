"""This process's metrics over HTTP, for a process that serves nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from search_service.errors import InvalidSetting
from search_service.telemetry.metrics import REGISTRY


@contextmanager
def served(host: str, port: int) -> Iterator[int]:
    """Answer scrapes from a thread until the block is left; gives the port (0: any free one).

    Raises InvalidSetting where it cannot listen.
    """
    try:
        server, thread = start_http_server(port, host, registry=REGISTRY)
    except OSError as error:
        raise InvalidSetting(
            f"GANSEARCH_METRICS_PORT: cannot serve metrics at {host}:{port}: "
            f"{error.strerror or error}; name a free port of this machine, or 0 to serve none",
            pointer="/GANSEARCH_METRICS_PORT",
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
