"""Many clients of one server, in one process: each asks again as soon as it is answered."""

import multiprocessing
import random
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.servers import cpu_seconds


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of one round."""

    answers_a_second: float
    p50_ms: float
    p99_ms: float
    client_us: float  # CPU of the load's process, for each answer
    server_us: float  # and of the server's


def loaded(port: int, server: int, paths: Sequence[str], *, clients: int, seconds: float) -> Load:
    """One round from a process of its own; `server` is the number of the server's."""
    there, here = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=_ask, args=(here, port, server, paths, clients, seconds)
    )
    process.start()
    here.close()  # or one that failed would be waited for
    load: Load = there.recv()
    process.join()
    return load


def _ask(
    told: "multiprocessing.connection.Connection",
    port: int,
    server: int,
    paths: Sequence[str],
    clients: int,
    seconds: float,
) -> None:
    rng = random.Random(0)
    requests = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in paths]
    ready = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    parts: dict[socket.socket, bytes] = {}
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready.register(connection, selectors.EVENT_READ)
        sent[connection], parts[connection] = time.perf_counter(), b""
        connection.sendall(rng.choice(requests))
    times: list[float] = []
    warm = time.perf_counter() + min(1.0, seconds / 4)
    began = warm
    end = warm + seconds
    own = ours = 0.0
    while (now := time.perf_counter()) < end:
        if not own and now >= warm:
            times.clear()
            began, own, ours = now, time.process_time(), cpu_seconds(server)
        for key, _ in ready.select(timeout=1):
            connection = key.fileobj  # type: ignore[assignment]  # what was registered
            parts[connection] += connection.recv(1 << 17)
            if not _is_whole(parts[connection]):
                continue
            now = time.perf_counter()
            times.append(now - sent[connection])
            parts[connection] = b""
            sent[connection] = now
            connection.sendall(rng.choice(requests))
    lasted = time.perf_counter() - began
    times.sort()
    told.send(
        Load(
            answers_a_second=len(times) / lasted,
            p50_ms=1000 * times[len(times) // 2],
            p99_ms=1000 * times[len(times) * 99 // 100],
            client_us=1e6 * (time.process_time() - own) / len(times),
            server_us=1e6 * (cpu_seconds(server) - ours) / len(times),
        )
    )


def _is_whole(answer: bytes) -> bool:
    """Raises AssertionError for any but a good one."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
    return len(body) >= length
