"""Rate limits in one process, in Redis, and when Redis goes."""

from collections.abc import Callable

import pytest

from search_service.queue import open_limit
from search_service.queue.limits import LocalLimit

Server = Callable[[], Callable[[], None]]


def test_no_limit_is_none() -> None:
    assert open_limit(None, 0) is None


def test_each_client_has_its_minute() -> None:
    now = [0.0]
    limit = LocalLimit(3, clock=lambda: now[0])
    assert [limit.refused_for("a") for _ in range(4)] == [0, 0, 0, 61]
    assert limit.refused_for("b") == 0
    now[0] = 59.5
    assert limit.refused_for("a") == 1
    now[0] = 60.0
    assert [limit.refused_for("a") for _ in range(4)] == [0, 0, 0, 61]
    assert limit.refused_for("b") == 0


def test_processes_count_together_in_redis_and_alone_without_it(
    port: int, start_redis: Server
) -> None:
    kill = start_redis()
    url = f"redis://127.0.0.1:{port}/0"
    first, second = open_limit(url, 4), open_limit(url, 4)
    assert first is not None
    assert second is not None
    assert [limit.refused_for("a") for limit in (first, second, first, second)] == [0] * 4
    assert 1 <= first.refused_for("a") <= 61
    assert 1 <= second.refused_for("a") <= 61
    assert second.refused_for("b") == 0
    kill()
    assert [first.refused_for("a") for _ in range(4)] == [0] * 4
    assert first.refused_for("a") > 0


@pytest.mark.parametrize("a_minute", [1, 7])
def test_so_many_pass_and_no_more(a_minute: int) -> None:
    limit = open_limit(None, a_minute)
    assert limit is not None
    assert sum(limit.refused_for("a") == 0 for _ in range(20)) == a_minute
