"""Wake-ups through Redis publish/subscribe: every waiting process hears every ring at once.

A subscription stays open between waits, so that a ring in between is heard by the next one.
"""

import logging
import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from search_service.errors import InvalidSetting

logger = logging.getLogger(__name__)

CHANNEL = "gansearch:wake-ups"
TIMEOUT_SECONDS = 1.0  # of connecting and of an answer
PAUSE_SECONDS = 5.0  # without Redis, after a failure: a ring must not cost each request a timeout


class RedisWakeUps:
    """See `base.WakeUps`. While Redis fails it only waits, as without one; it says so once."""

    def __init__(self, url: str) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_connect_timeout=TIMEOUT_SECONDS,
                socket_timeout=TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise InvalidSetting(
                f"GANSEARCH_REDIS_URL: {error}; use redis://HOST:PORT/NUMBER",
                pointer="/GANSEARCH_REDIS_URL",
            ) from error
        self._subscription: PubSub | None = None
        self._lock = threading.Lock()
        self._failing = False
        self._try_again_at = 0.0

    def ring(self) -> None:
        if not self._may_try():
            return
        try:
            self._redis.publish(CHANNEL, b"")
        except redis.RedisError as error:
            self._failed(error)
        else:
            self._worked()

    def wait(self, timeout_seconds: float) -> None:
        end = time.monotonic() + timeout_seconds
        if self._may_try():
            try:
                self._listen(end)
            except redis.RedisError as error:
                self._unsubscribe()
                self._failed(error)
            else:
                self._worked()
                return
        time.sleep(max(0.0, end - time.monotonic()))

    def _listen(self, end: float) -> None:
        if self._subscription is None:
            self._subscription = PubSub(self._redis.connection_pool, ignore_subscribe_messages=True)
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

    def _may_try(self) -> bool:
        return time.monotonic() >= self._try_again_at

    def _failed(self, error: redis.RedisError) -> None:
        with self._lock:
            self._try_again_at = time.monotonic() + PAUSE_SECONDS
            first, self._failing = not self._failing, True
        if first:
            logger.warning("Redis does not answer: polling", extra={"error": str(error)})

    def _worked(self) -> None:
        with self._lock:
            again, self._failing = self._failing, False
        if again:
            logger.info("Redis answers again")
