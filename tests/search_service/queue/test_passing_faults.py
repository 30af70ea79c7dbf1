"""A real Redis that refuses to write for now: whoever begins meanwhile begins, and goes on."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from search_service.errors import InvalidSetting
from search_service.queue import link, open_cache, open_limit, open_news, open_wake_ups
from tests.support.waiting import until

Server = Callable[[], Callable[[], None]]


def fill(admin: "redis.Redis", folder: Path) -> None:
    """Beyond its `maxmemory`, by what it may not forget."""
    admin.config_set("maxmemory-policy", "noeviction")
    admin.set("other", b"x" * 2_000_000)
    admin.config_set("maxmemory", "1mb")


def follow_another(admin: "redis.Redis", folder: Path) -> None:
    """As after a failover that made another one the primary."""
    admin.replicaof("127.0.0.1", 1)


def lose_disk(admin: "redis.Redis", folder: Path) -> None:
    """Its snapshots fail, and it is to write nothing then, as by default."""
    (place := folder / "gone").mkdir()
    admin.config_set("dir", str(place))
    admin.config_set("save", "3600 1")
    place.rmdir()
    admin.bgsave()
    until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] != "ok")


FAULTS = pytest.mark.parametrize("fault", [fill, follow_another, lose_disk])


@FAULTS
def test_it_is_gone_without_and_used_as_soon_as_it_writes_again(
    port: int,
    start_redis: Server,
    tmp_path: Path,
    fault: Callable[["redis.Redis", Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.0)
    kill = start_redis()
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis(port=port) as admin:
        fault(admin, tmp_path)
        with pytest.raises(redis.ResponseError):
            admin.set("other", 0)
    wake_ups, news, cache, limit = (
        open_wake_ups(url),
        open_news(url),
        open_cache(url),
        open_limit(url, 2),
    )
    assert cache is not None
    assert limit is not None
    cache.write("a", b"A")
    assert cache.read(["a"]) == [None]
    assert [limit.refused_for("a") for _ in range(2)] == [0, 0]
    assert limit.refused_for("a") > 0
    news.tell("job_1")
    wake_ups.ring()
    wake_ups.wait(0.05)

    kill()
    start_redis()

    def is_read() -> bool:
        cache.write("a", b"A")
        return cache.read(["a"]) == [b"A"]

    until(is_read)
    wake_ups.wait(0.05)
    ringer = threading.Timer(0.1, open_wake_ups(url).ring)
    ringer.start()
    began = time.monotonic()
    wake_ups.wait(30)
    assert time.monotonic() - began < 20
    ringer.join()
    news.close()


def test_what_no_waiting_mends_is_refused_all_the_same(
    port: int, start_redis: Server, tmp_path: Path
) -> None:
    start_redis()
    with redis.Redis(port=port) as admin:
        fill(admin, tmp_path)
    with pytest.raises(InvalidSetting, match="refuses what is needed"):
        open_wake_ups(f"redis://127.0.0.1:{port}/99")  # it has sixteen databases
