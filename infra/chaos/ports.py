"""Ports of this machine."""

import os
import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """As many different ones that nobody listens at now, below those that the system gives to
    connections: a part that is down for a while finds its port free again."""
    lowest = 20_000 + os.getpid() * 64 % 10_000  # two processes that look at once look elsewhere
    with ExitStack() as held:
        found: list[int] = []
        for port in range(lowest, 32_000):
            if len(found) == count:
                break
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    if len(found) < count:
        raise RuntimeError(f"fewer than {count} ports are free")
    return found


def is_listened_to(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
