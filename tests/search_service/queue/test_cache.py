"""A cache in a real Redis: what was written, or nothing, whatever is done to Redis."""

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import InvalidSetting
from search_service.queue import Cache, link, open_cache
from search_service.queue import cache as module

Server = Callable[[], Callable[[], None]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not look like a slow Redis."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 20.0)


def opened(port: int) -> Cache:
    cache = open_cache(f"redis://127.0.0.1:{port}/0")
    assert cache is not None
    return cache


@contextmanager
def answering(port: int, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Something else at the port."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield


def test_without_a_redis_there_is_none() -> None:
    assert open_cache(None) is None


def test_what_one_wrote_another_reads_and_it_expires(port: int, start_redis: Server) -> None:
    start_redis()
    one, other = opened(port), opened(port)
    values = {f"name {n}": random.Random(n).randbytes(n * 100) for n in range(20)}
    for name, value in values.items():
        one.write(name, value)
    assert other.read([*values, "no such name"]) == [*values.values(), None]
    assert other.read([]) == []
    one.write("name 3", b"another")
    assert other.read(["name 3"]) == [b"another"]
    client = redis.Redis(port=port)
    assert all(0 < client.pttl(key) <= 1000 * module.KEPT_SECONDS for key in client.keys("*"))


@given(st.text(), st.text(), st.binary(max_size=300), st.integers(0, 10_000))
def test_a_value_is_its_own_names_and_whole_or_nothing(
    name: str, other: str, value: bytes, place: int
) -> None:
    stored = module._packed(name, value)
    assert module._unpacked(name, stored) == value
    if name != other:
        assert module._unpacked(other, stored) is None
    place %= len(stored)
    broken = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
    for wrong in (broken, stored[:place], stored + b"x", b""):
        assert module._unpacked(name, wrong) is None


def test_what_others_put_in_its_place_counts_as_nothing_and_is_overwritten(
    port: int, start_redis: Server
) -> None:
    start_redis()
    cache, client = opened(port), redis.Redis(port=port)
    cache.write("a", b"A")
    (key,) = client.keys("gansearch:cache:*")
    good = client.get(key)
    assert isinstance(good, bytes)
    for spoil in (
        lambda: client.set(key, b""),
        lambda: client.set(key, b"\xff" * 40),
        lambda: client.set(key, good[:-1]),
        lambda: client.hset(key, "field", "of a hash"),
    ):
        client.delete(key)
        spoil()
        assert cache.read(["a", "b"]) == [None, None]
        cache.write("a", b"A")
        assert cache.read(["a"]) == [b"A"]


def test_it_never_has_more_places_than_it_says_nor_a_larger_value(
    port: int, start_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOTS", 5)
    start_redis()
    cache, client = opened(port), redis.Redis(port=port)
    for n in range(60):
        cache.write(str(n), str(n).encode())
    assert len(client.keys("gansearch:cache:*")) == 5
    found = cache.read([str(n) for n in range(60)])
    assert [value for value in found if value is not None] == [
        str(n).encode() for n in range(60) if found[n] is not None
    ]
    assert sum(value is not None for value in found) == 5
    client.flushall()
    cache.write("large", random.Random(0).randbytes(module.LARGEST + 1))
    assert client.keys("gansearch:cache:*") == []
    cache.write("compressible", b"x" * (module.LARGEST + 1))
    assert cache.read(["compressible"]) == [b"x" * (module.LARGEST + 1)]


def test_a_redis_that_is_killed_costs_nothing_but_what_it_had(
    port: int,
    start_redis: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    kill = start_redis()
    cache = opened(port)
    cache.write("a", b"A")
    assert cache.read(["a"]) == [b"A"]
    kill()
    for _ in range(3):
        assert cache.read(["a"]) == [None]
        cache.write("a", b"A")
    start_redis()
    assert cache.read(["a"]) == [None]
    cache.write("a", b"A")
    assert cache.read(["a"]) == [b"A"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_redis_that_is_full_refuses_and_that_is_all(port: int, start_redis: Server) -> None:
    start_redis()
    cache, client = opened(port), redis.Redis(port=port)
    client.config_set("maxmemory", 1)
    cache.write("a", b"A")
    assert cache.read(["a"]) == [None]


def test_one_that_does_not_answer_is_asked_once_in_a_while(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)
    with answering(port, lambda connection: time.sleep(30)):
        cache = opened(port)
        began = time.monotonic()
        for _ in range(1000):
            assert cache.read(["a"]) == [None]
            cache.write("a", b"A")
        assert time.monotonic() - began < link.PAUSE_SECONDS


def test_one_that_forbids_a_command_is_refused_at_the_start(port: int, start_redis: Server) -> None:
    start_redis()
    redis.Redis(port=port).acl_setuser(
        "shy",
        enabled=True,
        passwords=["+pw"],
        keys=["*"],
        channels=["*"],
        commands=["+@all", "-mget"],
    )
    with pytest.raises(InvalidSetting, match="MGET"):
        open_cache(f"redis://shy:pw@127.0.0.1:{port}/0")
