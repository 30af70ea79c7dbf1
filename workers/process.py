"""The worker process: open everything from the settings, work until a signal, close everything."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import NoReturn
from uuid import uuid4

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.errors import (
    ClusterUnavailable,
    GansearchError,
    InvalidSetting,
    StorageUnavailable,
)
from search_service.queue import open_news, open_wake_ups
from search_service.settings import Settings, configure_logging, read_settings
from search_service.storage import open_storage
from workers.driver import Driver
from workers.heartbeat import Draining
from workers.pool.cluster import Cluster
from workers.pool.joining import OtherVersions
from workers.pool.need import Need
from workers.presence import Presence

logger = logging.getLogger(__name__)

STOPPING = (signal.SIGTERM, signal.SIGINT)
AGAIN_SECONDS = 2.0  # between two tries of a successor to begin


def run(*, tell: Callable[[str], None], is_successor: bool) -> int:
    """The exit status; an error of ours is one line on stderr.

    `tell` is told `ready` once the devices are registered and jobs are taken, or `refused` before
    an error of ours ends it. The successor of one that was ready waits for what is away.
    """
    try:
        settings = read_settings(os.environ)
        configure_logging(settings)
        for signum in STOPPING:
            signal.signal(signum, _interrupt)
        while True:
            try:
                serve(settings, ready=lambda: tell("ready"), is_successor=is_successor)
            except (StorageUnavailable, ClusterUnavailable) as error:
                if not is_successor:
                    raise
                logger.warning("waiting to begin", extra={"reason": str(error)})
                time.sleep(AGAIN_SECONDS)
            else:
                break
    except GansearchError as error:
        tell("refused")
        sys.stderr.write(f"gansearch worker: {error}\n")
        return 1
    except (KeyboardInterrupt, SystemExit, Draining):  # the second is Ray's, while it starts
        logger.info("stopped before it was ready")
    return 0


def serve(settings: Settings, *, ready: Callable[[], None], is_successor: bool) -> None:
    """Work until SIGTERM or SIGINT; a job in hand is handed back with its records kept."""
    with ExitStack() as open_here:
        if settings.metrics_port:
            open_here.enter_context(telemetry.served(settings.metrics_host, settings.metrics_port))
        news = open_here.enter_context(closing(open_news(settings.redis_url)))
        storage = open_here.enter_context(
            closing(open_storage(settings.database_url, told=news.tell))
        )
        cluster = open_here.enter_context(closing(_cluster(settings, is_successor=is_successor)))
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
        for signum in STOPPING:  # again: Ray took the first for itself
            signal.signal(signum, lambda *_: driver.stop.set())
        presence = Presence(name, token=uuid4().hex, storage=storage, lost=driver.stop.set)
        open_here.enter_context(presence)
        driver.register_devices()
        logger.info("ready for jobs", extra={"worker": name})
        ready()
        driver.run()


def _cluster(settings: Settings, *, is_successor: bool) -> Cluster:
    """Raises ClusterUnavailable, for a successor, where there is none yet."""
    try:
        return Cluster(
            settings.ray_address,
            need=Need(cpus=settings.actor_cpus, gpus=settings.actor_gpus),
            limit_seconds=settings.measurement_seconds,
        )
    except OtherVersions:
        raise
    except InvalidSetting as error:
        if is_successor:
            raise ClusterUnavailable(str(error)) from error
        raise


def _interrupt(*_: object) -> NoReturn:
    """Once: a terminal's Ctrl-C reaches this process by two ways."""
    for signum in STOPPING:
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt
