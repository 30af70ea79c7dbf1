"""Wake-ups: how a worker hears of new work sooner than it would by looking.

The queue itself is the storage's jobs (`storage.base.Jobs`): claims, leases, fences. A wake-up
carries nothing and may be lost or come twice; who waits looks at the storage after every wait.
"""

from search_service.queue.base import WakeUps
from search_service.queue.polling import PollingWakeUps

__all__ = ["PollingWakeUps", "WakeUps", "open_wake_ups"]


def open_wake_ups(redis_url: str | None) -> WakeUps:
    """Through Redis where there is one, else by waiting; raises InvalidSetting for a bad URL.

    Nothing is connected yet: a Redis that is down now may be up when it is needed.
    """
    if not redis_url:
        return PollingWakeUps()
    # Here and not above: without a Redis its client need not be loaded.
    from search_service.queue.redis import RedisWakeUps

    return RedisWakeUps(redis_url)
