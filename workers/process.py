"""The worker process: open everything from the settings, work until a signal, close everything."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from uuid import uuid4

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.errors import GansearchError
from search_service.queue import open_news, open_wake_ups
from search_service.settings import Settings, configure_logging, read_settings
from search_service.storage import open_storage
from workers.driver import Driver
from workers.heartbeat import Draining
from workers.pool import Cluster, Need
from workers.presence import Presence

logger = logging.getLogger(__name__)


def run(*, announcements: int | None = None) -> int:
    """The exit status; an error of ours is one line on stderr.

    `announcements` is a descriptor for whoever started it, which is told `ready` once the devices
    are registered and jobs are taken, or `refused` before an error of ours ends it.
    """
    try:
        settings = read_settings(os.environ)
        configure_logging(settings)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, signal.default_int_handler)
        serve(settings, ready=lambda: _announce(announcements, "ready"))
    except GansearchError as error:
        _announce(announcements, "refused")
        sys.stderr.write(f"gansearch worker: {error}\n")
        return 1
    except (KeyboardInterrupt, SystemExit, Draining):  # the second is Ray's, while it starts
        logger.info("stopped before it was ready")
    return 0


def serve(settings: Settings, *, ready: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT; a job in hand is handed back with its records kept."""
    with ExitStack() as open_here:
        if settings.metrics_port:
            open_here.enter_context(telemetry.served(settings.metrics_host, settings.metrics_port))
        news = open_here.enter_context(closing(open_news(settings.redis_url)))
        storage = open_here.enter_context(
            closing(open_storage(settings.database_url, told=news.tell))
        )
        cluster = open_here.enter_context(
            closing(
                Cluster(
                    settings.ray_address,
                    need=Need(cpus=settings.actor_cpus, gpus=settings.actor_gpus),
                    limit_seconds=settings.measurement_seconds,
                )
            )
        )
        name = f"{socket.gethostname()}-{os.getpid()}"
        driver = Driver(
            name=name,
            storage=storage,
            wake_ups=open_wake_ups(settings.redis_url),
            artifacts=Artifacts(settings.artifacts),
            cluster=cluster,
            references=settings.data_dir / "references",
            runs=settings.data_dir / "runs",
            drain_seconds=settings.drain_seconds,
        )
        for signum in (signal.SIGTERM, signal.SIGINT):  # again: Ray took the first for itself
            signal.signal(signum, lambda *_: driver.stop.set())
        presence = Presence(name, token=uuid4().hex, storage=storage, lost=driver.stop.set)
        open_here.enter_context(presence)
        driver.register_devices()
        ready()
        driver.run()


def _announce(descriptor: int | None, word: str) -> None:
    if descriptor is not None:
        with suppress(BrokenPipeError):
            os.write(descriptor, f"{word}\n".encode())
