"""When a cluster counts as gone."""

import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest
import ray.exceptions

from search_service.errors import ClusterUnavailable
from tests.support.waiting import until
from workers.pool.nodes import Node
from workers.pool.watch import Watch

HERE = Node(id="here", alive=True, resources={})
THERE = Node(id="there", alive=True, resources={})


class Head:
    """Answers with `nodes`, hangs while `hangs` is set, raises `breaks` where there is one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [HERE]
        self.answers = threading.Event()
        self.answers.set()
        self.breaks: ray.exceptions.RayError | None = None

    def __call__(self) -> list[Node]:
        self.answers.wait()
        if self.breaks is not None:
            raise self.breaks
        return list(self.nodes)


def watch(head: Head, lost_seconds: float = 60.0) -> Watch:
    return Watch(head, own="here", look_seconds=0.01, lost_seconds=lost_seconds)


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


@pytest.mark.parametrize("nodes", [[THERE], [THERE, replace(HERE, alive=False)], []])
def test_it_has_gone_for_us_when_our_own_node_is_not_of_it(nodes: list[Node]) -> None:
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
                head.breaks = ray.exceptions.RayError("nobody there")
            until(lambda: "no answer for" in gone(watched))
            head.answers.set()


def test_a_short_silence_does_not() -> None:
    head = Head()
    with closing(watch(head)) as watched:
        head.breaks = ray.exceptions.RayError("nobody there")
        time.sleep(0.1)
        assert not gone(watched)


def test_a_head_that_does_not_know_us_is_another_clusters_at_once() -> None:
    head = Head()
    with closing(watch(head)) as watched:
        head.breaks = ray.exceptions.AuthenticationError("WrongClusterID: restarted?")
        until(lambda: "does not know us: WrongClusterID" in gone(watched))
        head.breaks = None
        time.sleep(0.05)
        assert gone(watched)


def test_who_asks_now_need_not_wait_for_the_next_look() -> None:
    head = Head()
    with closing(Watch(head, own="here", look_seconds=3600)) as watched:
        head.nodes = [HERE, THERE]
        assert list(watched.nodes()) == [HERE]
        assert list(watched.look()) == list(watched.nodes()) == [HERE, THERE]
        head.breaks = ray.exceptions.RayError("nobody there")
        assert list(watched.look()) == [HERE, THERE]
        watched.check()
