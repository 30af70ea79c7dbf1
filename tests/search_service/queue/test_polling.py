"""Wake-ups without a transport."""

import threading
import time

from search_service.queue import PollingWakeUps, open_wake_ups


def test_without_redis_waiting_ends_by_the_timeout() -> None:
    wake_ups = open_wake_ups(None)
    began = time.monotonic()
    wake_ups.wait(0.1)
    assert time.monotonic() - began >= 0.1


def test_a_ring_within_the_process_is_heard_once() -> None:
    wake_ups = PollingWakeUps()
    threading.Timer(0.05, wake_ups.ring).start()
    began = time.monotonic()
    wake_ups.wait(30)
    assert time.monotonic() - began < 20
    began = time.monotonic()
    wake_ups.wait(0.1)
    assert time.monotonic() - began >= 0.1
