"""A way to a server on which answers come late, nothing comes for a while, or connections break."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 16


class Proxy:
    """Listens on a port of its own and passes on to a server's socket in the file system.

    `delay_seconds` holds back each answer; `stalled` everything, both ways, while it is set. `cuts`
    is asked about each piece that a client sends: LATE breaks its connection once the server has
    answered to it, the answer being lost; EARLY before the server sees it.
    """

    EARLY, LATE = "early", "late"

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.delay_seconds = 0.0
        self.stalled = False
        self.cuts: Callable[[bytes], str | None] = lambda piece: None
        self._closed = False
        self._open: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Break all connections."""
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for each in self._open:
            _end(each)
        for pump in self._pumps:
            pump.join()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._open += [client, server]
            lost = threading.Event()
            for pump in (self._requests, self._answers):
                thread = threading.Thread(target=pump, args=(client, server, lost), daemon=True)
                thread.start()
                self._pumps.append(thread)

    def _requests(
        self, client: socket.socket, server: socket.socket, lost: threading.Event
    ) -> None:
        while piece := _received(client):
            self._wait_out()
            cut = self.cuts(piece)
            if cut == self.EARLY:
                break
            if cut == self.LATE:
                lost.set()
            if not _sent(server, piece):
                break
        _end(client)
        _end(server)

    def _answers(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        while piece := _received(server):
            time.sleep(self.delay_seconds)
            self._wait_out()
            if lost.is_set() or not _sent(client, piece):
                break
        _end(client)
        _end(server)

    def _wait_out(self) -> None:
        while self.stalled and not self._closed:
            time.sleep(0.01)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(PIECE)
    except OSError:
        return b""


def _sent(connection: socket.socket, piece: bytes) -> bool:
    try:
        connection.sendall(piece)
    except OSError:
        return False
    return True


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def proxied(postgres_url: str) -> Iterator[tuple[Proxy, str]]:
    """A way to the server at a URL that names its socket's folder, and the URL of the way."""
    parts = urlsplit(postgres_url)
    folder = parse_qs(parts.query)["host"][0]
    with closing(Proxy(f"{folder}/.s.PGSQL.5432")) as proxy:
        yield proxy, f"postgresql://{parts.username}@127.0.0.1:{proxy.port}/postgres"
