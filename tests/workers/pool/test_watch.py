"""When a cluster counts as gone."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from search_service.errors import ClusterUnavailable
from workers.pool.watch import Watch

HERE = {"NodeID": "here", "Alive": True}
THERE = {"NodeID": "there", "Alive": True}


class Head:
    """Answers with `nodes`, hangs while `hangs` is set, raises while `breaks` is."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = [HERE]
        self.answers = threading.Event()
        self.answers.set()
        self.breaks = False

    def __call__(self) -> list[dict[str, Any]]:
        self.answers.wait()
        if self.breaks:
            raise RuntimeError("nobody there")
        return list(self.nodes)


def watch(head: Head, lost_seconds: float = 60.0) -> Watch:
    return Watch(head, own="here", look_seconds=0.01, lost_seconds=lost_seconds)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(watched: Watch) -> str:
    try:
        watched.check()
    except ClusterUnavailable as error:
        return str(error)
    return ""


def test_what_is_confirmed_was_answered_since() -> None:
    """An answer that is on its way when the question comes does not count."""
    head = Head()
    with closing(watch(head)) as watched:
        watched.confirm()
        head.answers.clear()
        confirmed = threading.Event()

        def confirm() -> None:
            watched.confirm()
            confirmed.set()

        threading.Thread(target=confirm, daemon=True).start()
        assert not confirmed.wait(0.2)
        head.answers.set()
        assert confirmed.wait(60)


def test_nothing_is_confirmed_of_a_cluster_that_goes_meanwhile() -> None:
    head = Head()
    with closing(watch(head, lost_seconds=0.3)) as watched:
        head.answers.clear()
        with pytest.raises(ClusterUnavailable, match="no answer"):
            watched.confirm()
        head.answers.set()


def test_nodes_that_join_are_seen() -> None:
    head = Head()
    with closing(watch(head)) as watched:
        assert list(watched.nodes()) == [HERE]
        head.nodes = [HERE, THERE]
        until(lambda: list(watched.nodes()) == [HERE, THERE])
        watched.check()


@pytest.mark.parametrize("nodes", [[THERE], [THERE, {**HERE, "Alive": False}], []])
def test_it_has_gone_for_us_when_our_own_node_is_not_of_it(nodes: list[dict[str, Any]]) -> None:
    head = Head()
    with closing(watch(head)) as watched:
        head.nodes = nodes
        until(lambda: "no longer part" in gone(watched))
        head.nodes = [HERE]  # what was connected to it is not mended by that
        time.sleep(0.05)
        assert gone(watched)


def test_silence_counts_whether_its_questions_hang_or_break() -> None:
    for hang in (True, False):
        head = Head()
        with closing(watch(head, lost_seconds=0.3)) as watched:
            if hang:
                head.answers.clear()
            else:
                head.breaks = True
            until(lambda: "no answer for" in gone(watched))
            head.answers.set()


def test_a_short_silence_does_not() -> None:
    head = Head()
    with closing(watch(head)) as watched:
        head.breaks = True
        time.sleep(0.1)
        assert not gone(watched)
