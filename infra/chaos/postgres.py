"""A PostgreSQL server that may be killed at any moment, and goes on from its data folder."""

import os
from pathlib import Path

import psycopg

from infra.chaos.component import Component, Kind
from infra.chaos.session import Session
from infra.ports import is_listened_to
from infra.postgres import prepare


class Postgres(Component):
    """Synced commits, as by default; the same folder and port after every start."""

    kind = Kind.POSTGRES

    def __init__(self, folder: Path, *, port: int, log: Path) -> None:
        """Makes the data folder."""
        super().__init__("postgres")
        self._data, self._port, self._log = folder, port, log
        self._program, self._user = prepare(folder)
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def launch(self) -> Session:
        return Session(
            [
                *(str(self._program), "-D", str(self._data), "-k", str(self._data)),
                *("-h", "127.0.0.1", "-p", str(self._port)),
            ],
            environment=os.environ,
            log=self._log,
            user=self._user,
        )

    def serves(self) -> bool:
        if not is_listened_to(self._port):
            return False
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False
