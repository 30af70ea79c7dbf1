"""A connection to Redis that may fail at any time, and costs little while it does."""

import logging
import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from search_service.errors import InvalidSetting

logger = logging.getLogger(__name__)

POINTER = "/GANSEARCH_REDIS_URL"
TIMEOUT_SECONDS = 1.0  # of connecting and of an answer
PAUSE_SECONDS = 5.0  # without Redis, after a failure: a ring must not cost each request a timeout
PROBE = "gansearch:probe"


class Link:
    """A client with its health: after a failure nobody tries for a while. It says so once."""

    def __init__(self, url: str) -> None:
        """Raises InvalidSetting for a URL that is none of Redis."""
        try:
            self.client = redis.Redis.from_url(
                url,
                socket_connect_timeout=TIMEOUT_SECONDS,
                socket_timeout=TIMEOUT_SECONDS,
                health_check_interval=10,  # of a subscription, which may be silent for long
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise InvalidSetting(
                f"GANSEARCH_REDIS_URL: {error}; use redis://HOST:PORT/NUMBER", pointer=POINTER
            ) from error
        self._lock = threading.Lock()
        self._failing = False
        self._try_again_at = 0.0

    def require(self) -> None:
        """Do once all that is asked of a Redis; one that does not answer now may later.

        Raises InvalidSetting for one that answers and refuses: it wants another password, is no
        Redis, or lacks or forbids a command.
        """
        try:
            with PubSub(self.client.connection_pool) as subscription:
                subscription.subscribe(PROBE)
                subscription.get_message(timeout=TIMEOUT_SECONDS)
            self.client.publish(PROBE, b"")
            self.client.set(PROBE, 0, ex=1, nx=True)
            self.client.incr(PROBE)
            self.client.ttl(PROBE)
        except (redis.AuthenticationError, redis.ResponseError, redis.InvalidResponse) as error:
            raise InvalidSetting(
                f"GANSEARCH_REDIS_URL: this Redis refuses what is needed of it "
                f"({str(error).splitlines()[0]}); it must allow PUBLISH, SUBSCRIBE, SET, INCR and "
                "TTL on gansearch:*",
                pointer=POINTER,
            ) from error
        except redis.RedisError as error:
            self.failed(error)

    def may_try(self) -> bool:
        """Whether the last failure is long enough ago."""
        return time.monotonic() >= self._try_again_at

    def failed(self, error: redis.RedisError) -> None:
        """Redis did not do what was asked."""
        with self._lock:
            self._try_again_at = time.monotonic() + PAUSE_SECONDS
            first, self._failing = not self._failing, True
        if first:
            logger.warning("Redis does not answer: polling", extra={"error": str(error)})

    def worked(self) -> None:
        """Redis did what was asked."""
        with self._lock:
            again, self._failing = self._failing, False
        if again:
            logger.info("Redis answers again")
