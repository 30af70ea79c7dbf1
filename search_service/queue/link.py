"""A connection to Redis that may fail at any time, and costs little while it does."""

import logging
import threading
import time
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import MovedError, NoPermissionError
from redis.retry import Retry

from search_service.errors import InvalidSetting

logger = logging.getLogger(__name__)

POINTER = "/GANSEARCH_REDIS_URL"
TIMEOUT_SECONDS = 1.0  # of connecting and of an answer
PAUSE_SECONDS = 5.0  # without Redis, after a failure: a ring must not cost each request a timeout
SCHEMES = ("redis", "rediss", "unix")  # plain, with TLS, and a socket of this machine
PROBE = "gansearch:probe"
# What no waiting mends, beside errors whose code is ERR: a command, database or option it lacks.
_REFUSALS = (
    redis.AuthenticationError,
    redis.InvalidResponse,
    NoPermissionError,
    MovedError,  # it is part of a cluster, which this client cannot follow
)


class Link:
    """A client with its health: after a failure nobody tries for a while. It says so once."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Raises InvalidSetting for a URL that is none of Redis."""
        scheme, separator, _ = url.partition("://")
        if not separator:
            host = url.rpartition("@")[2]  # without what may be a password
            raise _refused(f"{host!r} has no scheme")
        if scheme not in SCHEMES:
            raise _refused(f"{scheme!r} is no scheme of Redis, which are {', '.join(SCHEMES)}")
        path = urlsplit(url).path.strip("/")
        if not url.startswith("unix:") and path and not path.isdecimal():
            raise _refused(f"{path!r} is no number of a database")
        try:
            self.client = redis.Redis.from_url(
                url,
                socket_connect_timeout=timeout_seconds,
                socket_timeout=timeout_seconds,
                health_check_interval=10,  # of a subscription, which may be silent for long
                retry=Retry(NoBackoff(), 0),
            )
            pool = self.client.connection_pool
            pool.connection_kwargs["decode_responses"] = False  # whatever the URL says
            pool.make_connection()  # connects to nothing yet, and takes no option that is unknown
        except (ValueError, TypeError) as error:
            raise _refused(str(error)) from error
        self._lock = threading.Lock()
        self._failing = False
        self._try_again_at = 0.0

    def require(self) -> None:
        """Do once all that is asked of a Redis; one that does not answer now, or is full, read-only
        or loading, may do it later.

        Raises InvalidSetting for one that answers and refuses: it wants another password, is no
        Redis, or lacks or forbids a command.
        """
        try:
            with PubSub(self.client.connection_pool) as subscription:
                subscription.subscribe(PROBE)
                subscription.get_message(timeout=TIMEOUT_SECONDS)
            self.client.publish(PROBE, b"")
            with self.client.pipeline(transaction=True) as pipeline:
                pipeline.set(PROBE, 0, ex=1, nx=True)
                pipeline.incr(PROBE)
                pipeline.pttl(PROBE)
                pipeline.execute()
            self.client.mget([PROBE])
        except redis.RedisError as error:
            if not _is_refusal(error):
                self.failed(error)
                return
            raise InvalidSetting(
                f"GANSEARCH_REDIS_URL: this Redis refuses what is needed of it "
                f"({str(error).splitlines()[0]}); it must allow PUBLISH, SUBSCRIBE, MULTI, "
                "SET, MGET, INCR and PTTL on gansearch:*",
                pointer=POINTER,
            ) from error

    def may_try(self) -> bool:
        """Whether the last failure is long enough ago."""
        return time.monotonic() >= self._try_again_at

    def failed(self, error: redis.RedisError) -> None:
        """Redis did not do what was asked."""
        with self._lock:
            self._try_again_at = time.monotonic() + PAUSE_SECONDS
            first, self._failing = not self._failing, True
        if first:
            logger.warning(
                "Redis does not do its part: going on without it", extra={"error": str(error)}
            )

    def worked(self) -> None:
        """Redis did what was asked."""
        with self._lock:
            again, self._failing = self._failing, False
        if again:
            logger.info("Redis does its part again")


def _is_refusal(error: redis.RedisError) -> bool:
    code = error.status_code if isinstance(error, redis.ResponseError) else None
    return isinstance(error, _REFUSALS) or code == "ERR"


def _refused(why: str) -> InvalidSetting:
    return InvalidSetting(
        f"GANSEARCH_REDIS_URL: {why}; use redis://HOST:PORT/NUMBER", pointer=POINTER
    )
