"""Ports of this machine, for servers that are started a moment later."""

import itertools
import random
import socket

# Below the ports that the system gives to connections, and above those of Ray's workers: nothing
# takes one in the moment before its server is there, nor while the server is down for a while.
RANGE = range(20_000, 32_000)

_from_anywhere = random.SystemRandom().randrange(len(RANGE))  # processes look in different places
_places = itertools.count(_from_anywhere)  # the same process is given none twice


def free_port() -> int:
    """One that nobody listens at now. Raises RuntimeError where every one is taken."""
    for place in itertools.islice(_places, len(RANGE)):
        port = RANGE[place % len(RANGE)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"no port from {RANGE.start} to {RANGE.stop - 1} is free")


def free_ports(count: int) -> list[int]:
    """As many different ones. Raises RuntimeError where every one is taken."""
    return [free_port() for _ in range(count)]


def is_listened_to(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
