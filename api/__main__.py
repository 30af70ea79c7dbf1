"""`python -m api`: serve HTTP, configured by the environment."""

import argparse
import gc
import ipaddress
import logging
import os
import socket
import sys
from contextlib import suppress

# Products of small matrices, many at once: BLAS threads that wait for each other spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import uvicorn

from api.app import create_app
from search_service.errors import GansearchError
from search_service.settings import configure_logging, read_settings

logger = logging.getLogger("api")  # run as a program, the module has another name

COLLECTED_AFTER = (10_000, 20, 100)  # objects, young collections, and those of the middle age


def main() -> int:
    """Serve until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        settings = read_settings(os.environ)
        configure_logging(settings)
        listener = _listen(arguments.host, arguments.port)  # before anything is made or said
        app = create_app(settings)
    except GansearchError as error:
        sys.stderr.write(f"gansearch api: {error}\n")
        return 1
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        reason = error.strerror or str(error)
        sys.stderr.write(f"gansearch api: cannot listen on {where}: {reason}; try --port\n")
        return 1
    if settings.auth == "off" and not _is_of_this_machine_only(listener):
        logger.warning(
            "whoever reaches the port may use the service: GANSEARCH_AUTH is off",
            extra={"listens": arguments.host},
        )
    # Looking through all objects for garbage stops every answer for a tenth of a second: not for
    # what was made until here, which stays, and seldom for what is kept of evaluations.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    # Open event streams would keep a stopping server for ever.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    logger.info("listening", extra={"url": _url(listener)})
    with suppress(KeyboardInterrupt):  # the server raises it again, once it has stopped
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_of_this_machine_only(listener: socket.socket) -> bool:
    address, _, _ = listener.getsockname()[0].partition("%")
    return ipaddress.ip_address(address).is_loopback


if __name__ == "__main__":
    sys.exit(main())
