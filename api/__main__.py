"""`python -m api`: serve HTTP, configured by the environment."""

import argparse
import os
import socket
import sys

import uvicorn

from api.app import create_app
from search_service.errors import GansearchError
from search_service.settings import configure_logging, read_settings


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
    # Open event streams would keep a stopping server for ever.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


if __name__ == "__main__":
    sys.exit(main())
