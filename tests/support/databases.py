"""SQLite files that have the schema, which is built once and not for every test."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from search_service.storage import open_storage


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gansearch.db"
        open_storage(f"sqlite:///{file}").close()
        return file.read_bytes()


def sqlite_url(folder: Path) -> str:
    """Of a new file `gansearch.db` there, with the schema and no rows."""
    file = folder / "gansearch.db"
    file.write_bytes(_migrated())
    return f"sqlite:///{file}"
