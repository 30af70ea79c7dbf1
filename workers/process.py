"""The worker process: open everything from the settings, work until a signal, close everything."""

import logging
import os
import signal
import socket
import sys

from search_service.artifacts import Artifacts
from search_service.errors import GansearchError
from search_service.queue import open_wake_ups
from search_service.settings import Settings, configure_logging, read_settings
from search_service.storage import open_storage
from workers.driver import Driver
from workers.pool import Cluster

logger = logging.getLogger(__name__)


def run() -> int:
    """The exit status; an error of ours is one line on stderr."""
    try:
        settings = read_settings(os.environ)
        configure_logging(settings)
        serve(settings)
    except GansearchError as error:
        sys.stderr.write(f"gansearch worker: {error}\n")
        return 1
    return 0


def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; a job in hand is handed back with its records kept."""
    storage = open_storage(settings.database_url)
    cluster = Cluster(settings.ray_address)
    try:
        driver = Driver(
            name=f"{socket.gethostname()}-{os.getpid()}",
            storage=storage,
            wake_ups=open_wake_ups(settings.redis_url),
            artifacts=Artifacts(settings.artifacts),
            cluster=cluster,
            references=settings.data_dir / "references",
        )
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: driver.stop.set())
        driver.run()
    finally:
        cluster.close()
        storage.close()
