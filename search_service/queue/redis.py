"""Wake-ups through Redis publish/subscribe: every waiting process hears every ring at once.

A subscription stays open between waits, so that a ring in between is heard by the next one.
"""

import time

import redis
from redis.client import PubSub

from search_service.queue.link import Link

CHANNEL = "gansearch:wake-ups"


class RedisWakeUps:
    """See `base.WakeUps`. While Redis fails it only waits, as without one."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._subscription: PubSub | None = None

    def ring(self) -> None:
        if not self._link.may_try():
            return
        try:
            self._link.client.publish(CHANNEL, b"")
        except redis.RedisError as error:
            self._link.failed(error)
        else:
            self._link.worked()

    def wait(self, timeout_seconds: float) -> None:
        end = time.monotonic() + timeout_seconds
        if self._link.may_try():
            try:
                self._listen(end)
            except redis.RedisError as error:
                self._unsubscribe()
                self._link.failed(error)
            else:
                self._link.worked()
                return
        time.sleep(max(0.0, end - time.monotonic()))

    def _listen(self, end: float) -> None:
        if self._subscription is None:
            self._subscription = PubSub(
                self._link.client.connection_pool, ignore_subscribe_messages=True
            )
            self._subscription.subscribe(CHANNEL)
        heard = False
        # Rings that came in together are one: what was heard is emptied before returning.
        while (left := 0.0 if heard else end - time.monotonic()) > 0 or heard:
            message = self._subscription.get_message(timeout=left)
            if heard and message is None:
                return
            heard = heard or message is not None

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
