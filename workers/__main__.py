"""`python -m workers`: one worker process, configured by the environment."""

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

logger = logging.getLogger("workers")


def main() -> int:
    """Run until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start."""
    try:
        settings = read_settings(os.environ)
        configure_logging(settings)
        return serve(settings)
    except GansearchError as error:
        sys.stderr.write(f"gansearch worker: {error}\n")
        return 1


def serve(settings: Settings) -> int:
    """Open everything, work, close everything."""
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
        logger.info("worker ready")
        driver.run()
    finally:
        cluster.close()
        storage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
