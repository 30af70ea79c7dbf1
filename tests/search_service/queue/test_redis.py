"""Wake-ups through a real Redis, and without it when it is gone."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from search_service.errors import InvalidSetting
from search_service.queue import link, open_cache, open_news, open_wake_ups

Server = Callable[[], Callable[[], None]]


def seconds_of(action: Callable[[], None]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def test_a_ring_wakes_everyone_who_waits(port: int, start_redis: Server) -> None:
    start_redis()
    waiting = [open_wake_ups(f"redis://127.0.0.1:{port}/0") for _ in range(2)]
    for wake_ups in waiting:
        wake_ups.wait(0.05)  # listens from here on
    took: list[float] = []
    threads = [
        threading.Thread(target=lambda w=w: took.append(seconds_of(lambda: w.wait(30))))
        for w in waiting
    ]
    for thread in threads:
        thread.start()
    open_wake_ups(f"redis://127.0.0.1:{port}/0").ring()
    for thread in threads:
        thread.join()
    assert max(took) < 20


def test_rings_between_two_waits_are_heard_as_one(port: int, start_redis: Server) -> None:
    start_redis()
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    wake_ups.wait(0.05)
    for _ in range(5):
        wake_ups.ring()
    time.sleep(0.1)
    assert seconds_of(lambda: wake_ups.wait(30)) < 20
    assert seconds_of(lambda: wake_ups.wait(0.2)) >= 0.2


def test_without_redis_it_polls_warns_once_and_recovers(
    port: int,
    start_redis: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    for _ in range(3):
        assert seconds_of(lambda: wake_ups.wait(0.05)) >= 0.05
        wake_ups.ring()
    assert [record.levelname for record in caplog.records] == ["WARNING"]

    stop = start_redis()
    wake_ups.wait(0.05)
    wake_ups.ring()
    assert seconds_of(lambda: wake_ups.wait(30)) < 20
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    stop()
    assert seconds_of(lambda: wake_ups.wait(0.1)) >= 0.1
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_after_a_failure_a_ring_costs_nothing_for_a_while(port: int) -> None:
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    with socket.socket() as silent:  # accepts and never answers
        silent.bind(("127.0.0.1", port))
        silent.listen()
        assert seconds_of(wake_ups.ring) < 10
        assert max(seconds_of(wake_ups.ring) for _ in range(100)) < 0.5


def test_a_url_without_a_scheme_is_told_what_is_missing_and_no_password() -> None:
    for url in ("localhost:6379/0", "user:secret@localhost:6379/0"):
        with pytest.raises(InvalidSetting) as refusal:
            open_wake_ups(url)
        assert str(refusal.value) == (
            "GANSEARCH_REDIS_URL: 'localhost:6379/0' has no scheme; use redis://HOST:PORT/NUMBER"
        )


@pytest.mark.parametrize(
    "url", ["nonsense", "http://h:1", "redis://h:port/0", "redis://h:1/name", "redis://h:1/0?a=b"]
)
def test_a_url_that_is_none_of_redis_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="GANSEARCH_REDIS_URL"):
        open_wake_ups(url)


def test_options_of_a_url_change_nothing_of_what_is_read(port: int, start_redis: Server) -> None:
    start_redis()
    url = f"redis://127.0.0.1:{port}/0?decode_responses=true"
    cache = open_cache(url)
    assert cache is not None
    cache.write("a", b"\xff")
    assert cache.read(["a"]) == [b"\xff"]


def test_a_redis_that_forbids_a_command_is_refused_in_one_line(
    port: int, start_redis: Server
) -> None:
    start_redis()
    admin = redis.Redis(port=port)
    everything: dict[str, Any] = {
        "enabled": True,
        "passwords": ["+pw"],
        "keys": ["*"],
        "channels": ["*"],
    }
    admin.acl_setuser("shy", **everything, commands=["+@all", "-publish"])
    admin.acl_setuser("able", **everything, commands=["+@all"])
    for open_ in (open_wake_ups, open_news):
        with pytest.raises(InvalidSetting, match=r"refuses.*must allow PUBLISH") as refusal:
            open_(f"redis://shy:pw@127.0.0.1:{port}/0")
        assert "\n" not in str(refusal.value)
        with pytest.raises(InvalidSetting, match="refuses"):
            open_(f"redis://able:wrong@127.0.0.1:{port}/0")
        open_(f"redis://able:pw@127.0.0.1:{port}/0")


def test_something_else_at_the_port_is_refused(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 5)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(InvalidSetting, match="refuses what is needed"):
            open_wake_ups(f"redis://127.0.0.1:{port}/0")
        thread.join()
