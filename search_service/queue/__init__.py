"""Wake-ups: how a worker hears of new work, and a follower of events, sooner than by looking.

The queue itself is the storage's jobs (`storage.base.Jobs`): claims, leases, fences. A wake-up
carries nothing and may be lost or come twice; who waits looks at the storage after every wait.
"""

from typing import TYPE_CHECKING

from search_service.queue.base import Cache, News, WakeUps
from search_service.queue.polling import NoNews, PollingWakeUps

if TYPE_CHECKING:
    from search_service.queue.limits import Limit
    from search_service.queue.link import Link

__all__ = [
    "Cache",
    "News",
    "NoNews",
    "PollingWakeUps",
    "WakeUps",
    "open_cache",
    "open_limit",
    "open_news",
    "open_wake_ups",
]


def open_wake_ups(redis_url: str | None) -> WakeUps:
    """Through Redis where there is one, else by waiting.

    A Redis that is down now may be up when it is needed. Raises InvalidSetting for a bad URL, and
    for a Redis that answers and refuses what is needed of it.
    """
    if not redis_url:
        return PollingWakeUps()
    # Here and not above: without a Redis its client need not be loaded.
    from search_service.queue.redis import RedisWakeUps

    return RedisWakeUps(_link(redis_url))


def open_news(redis_url: str | None) -> News:
    """Through Redis where there is one; raises InvalidSetting as `open_wake_ups` does."""
    if not redis_url:
        return NoNews()
    from search_service.queue.news import RedisNews

    return RedisNews(_link(redis_url))


def open_limit(redis_url: str | None, a_minute: int) -> "Limit | None":
    """So many requests a minute of one client; None for no limit. Raises as `open_wake_ups`."""
    if not a_minute:
        return None
    from search_service.queue.limits import LocalLimit, RedisLimit

    return RedisLimit(_link(redis_url), a_minute) if redis_url else LocalLimit(a_minute)


def open_cache(redis_url: str | None) -> Cache | None:
    """In Redis; None without one. Raises InvalidSetting as `open_wake_ups` does."""
    if not redis_url:
        return None
    from search_service.queue.cache import ANSWER_SECONDS, RedisCache

    return RedisCache(_link(redis_url, timeout_seconds=ANSWER_SECONDS))


def _link(redis_url: str, **options: float) -> "Link":
    from search_service.queue.link import Link

    link = Link(redis_url, **options)
    link.require()
    return link
