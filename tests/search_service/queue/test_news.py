"""News through a real Redis, and without it when it is gone."""

import queue
from collections.abc import Callable, Iterator

import pytest
import redis

from search_service.queue import News, link, news, open_news
from tests.support.waiting import PATIENCE_SECONDS, until

Server = Callable[[], Callable[[], None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(news, "PAUSE_SECONDS", 0.05)


@pytest.fixture
def open_(port: int) -> Iterator[Callable[[], News]]:
    opened: list[News] = []

    def do() -> News:
        opened.append(open_news(f"redis://127.0.0.1:{port}/0"))
        return opened[-1]

    yield do
    for each in opened:
        each.close()


def test_every_listener_hears_and_again_after_redis_was_killed(
    open_: Callable[[], News], start_redis: Server
) -> None:
    kill = start_redis()
    teller, listeners = open_(), [open_() for _ in range(2)]
    heard: list[queue.Queue[str]] = [queue.Queue() for _ in listeners]
    for listener, said in zip(listeners, heard, strict=True):
        listener.listen(said.put)
    until(lambda: all(listener.listening for listener in listeners))
    teller.tell("job_1")
    assert [said.get(timeout=PATIENCE_SECONDS) for said in heard] == ["job_1"] * 2

    kill()
    until(lambda: not any(listener.listening for listener in listeners))
    teller.tell("job_2")  # lost, and nothing is raised
    start_redis()
    until(lambda: all(listener.listening for listener in listeners))
    teller.tell("job_3")
    assert [said.get(timeout=PATIENCE_SECONDS) for said in heard] == ["job_3"] * 2


def test_what_others_say_on_the_channel_is_passed_over(
    open_: Callable[[], News], port: int, start_redis: Server
) -> None:
    start_redis()
    listener = open_()
    said: queue.Queue[str] = queue.Queue()
    listener.listen(said.put)
    until(lambda: listener.listening)
    with redis.Redis(port=port) as other:
        other.publish(news.CHANNEL, b"\xff\xfe")
        other.publish(news.CHANNEL, b"")
    open_().tell("job_1")
    heard = [said.get(timeout=PATIENCE_SECONDS)]
    while heard[-1] != "job_1":
        heard.append(said.get(timeout=PATIENCE_SECONDS))
    assert listener.listening


def test_a_redis_that_comes_later_is_listened_to(
    open_: Callable[[], News], start_redis: Server
) -> None:
    listener = open_()
    said: queue.Queue[str] = queue.Queue()
    listener.listen(said.put)
    listener.tell("job_0")
    assert not listener.listening
    start_redis()
    until(lambda: listener.listening)
    open_().tell("job_1")
    assert said.get(timeout=PATIENCE_SECONDS) == "job_1"


def test_without_a_url_there_are_no_news() -> None:
    nothing = open_news(None)
    nothing.listen(lambda job_id: None)
    nothing.tell("job_1")
    assert not nothing.listening
    nothing.close()
