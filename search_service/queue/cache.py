"""A cache in Redis: what one process has made, another need not make.

It has a fixed number of places, each for a value of bounded size, so it never takes more of Redis
than SLOTS x LARGEST bytes (256 MiB), whatever Redis does when it is full. A name always has the
same place; of names that share one the last that was written is there. With each value its digest
and its name's is stored, so that anything else in its place counts as nothing.
"""

import hashlib
import zlib
from collections.abc import Sequence

import redis

from search_service.queue.link import Link

SLOTS = 2048
LARGEST = 128 * 1024  # bytes of a value, compressed; what is larger is not kept
KEPT_SECONDS = 600
ANSWER_SECONDS = 0.05  # for connecting and for an answer: making a value anew takes hardly longer
_DIGEST = 16


class RedisCache:
    """See `base.Cache`. After a failure nobody asks for a while, as `Link` has it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """See `base.Cache`."""
        if not names or not self._link.may_try():
            return [None] * len(names)
        try:
            # One for each that is no text under its key, where GET would raise.
            found = self._link.client.mget([_place(name) for name in names])
        except redis.RedisError as error:
            self._link.failed(error)
            return [None] * len(names)
        self._link.worked()
        return [_unpacked(name, stored) for name, stored in zip(names, found, strict=True)]

    def write(self, name: str, value: bytes) -> None:
        """See `base.Cache`."""
        stored = _packed(name, value)
        if len(stored) > LARGEST or not self._link.may_try():
            return
        try:
            self._link.client.set(_place(name), stored, ex=KEPT_SECONDS)
        except redis.RedisError as error:
            self._link.failed(error)
        else:
            self._link.worked()

    def too_slow(self) -> None:
        """See `base.Cache`."""
        self._link.failed(redis.TimeoutError("it answers too slowly"))


def _place(name: str) -> str:
    slot = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % SLOTS
    return f"gansearch:cache:{slot}"


def _packed(name: str, value: bytes) -> bytes:
    content = zlib.compress(value, 1)
    return _digest(name, content) + content


def _unpacked(name: str, stored: bytes | str | None) -> bytes | None:
    if not isinstance(stored, bytes) or stored[:_DIGEST] != _digest(name, stored[_DIGEST:]):
        return None
    return zlib.decompress(stored[_DIGEST:])


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.blake2b(
        content, digest_size=_DIGEST, key=hashlib.blake2b(name.encode(), digest_size=64).digest()
    ).digest()
