"""`gansearch api` and `gansearch worker`: become one process of the service."""

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from search_service.errors import InvalidSetting

NEEDED = {"api": ("fastapi", "uvicorn"), "workers": ("ray", "safetensors", "torch")}


def api(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8000,
) -> None:
    """Serve the HTTP API, configured by the environment."""
    require("api")
    _become("api", "--host", host, "--port", str(port))


def worker() -> None:
    """Run one worker, configured by the environment."""
    require("workers")
    _become("workers")


def require(extra: str) -> None:
    """Raises InvalidSetting naming the extra to install when a package of it is missing."""
    for package in NEEDED[extra]:
        if find_spec(package) is None:
            raise InvalidSetting(
                f"the package {package!r} is not installed: pip install 'gansearch[{extra}]'"
            )


def _become(module: str, *arguments: str) -> None:
    sys.stdout.flush()
    # -P: a folder `api` or `workers` where the user stands is not ours.
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])
