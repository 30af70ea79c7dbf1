"""Two workers of one name: the second waits for a dead one, and is refused by a living one."""

import threading
from collections.abc import Iterator

import pytest

from search_service.errors import InvalidSetting
from search_service.storage import open_storage
from search_service.storage.base import Storage
from workers import presence
from workers.presence import Presence


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(presence, "LEASE_SECONDS", 3.0)
    monkeypatch.setattr(presence, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(presence, "TRY_SECONDS", 0.02)
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.fixture
def storage() -> Storage:
    return open_storage("memory://")


def here(storage: Storage, token: str, lost: threading.Event | None = None) -> Presence:
    called = (lost or threading.Event()).set
    return Presence("host-1", token=token, storage=storage, lost=called)


def test_a_second_worker_of_a_living_one_s_name_is_refused_in_one_line(storage: Storage) -> None:
    lost = threading.Event()
    with here(storage, "1", lost):
        with pytest.raises(InvalidSetting, match=r"host-1.*host name of its own") as refusal:
            here(storage, "2").__enter__()
        assert "\n" not in str(refusal.value)
        assert not lost.is_set()
    assert storage.workers.present() == []


def test_a_killed_predecessor_s_name_is_waited_for(storage: Storage) -> None:
    storage.workers.arrive("host-1", token="dead", lease_seconds=0.5)
    with here(storage, "2"):
        assert storage.workers.present() == ["host-1"]


def test_one_whose_name_was_taken_is_told(storage: Storage) -> None:
    lost = threading.Event()
    with here(storage, "1", lost):
        storage.workers.leave("host-1", token="1")
        storage.workers.arrive("host-1", token="2", lease_seconds=60)
        assert lost.wait(10)
    assert storage.workers.present() == ["host-1"]  # the other's is left alone


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_ends_it_before_the_work_is_told(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = threading.Event()
    with here(storage, "1", lost):
        monkeypatch.setattr(presence, "LEASE_SECONDS", 10_000)  # which no lease may be
        assert lost.wait(10)
