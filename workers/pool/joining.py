"""Ray started on this machine, or joined at an address; why it could not be, in one line."""

import contextlib
import logging
import re
import socket
from collections.abc import Mapping
from typing import Any

import ray
import ray.exceptions

from search_service.errors import InvalidSetting
from workers.pool.folders import RayFolder, remove_abandoned_folders
from workers.pool.need import DEVICE_PREFIX

logger = logging.getLogger(__name__)

QUIET: Mapping[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
LOCAL_DEVICE = "cpu"
START_TRIES = 3  # of a local Ray, which gives up early on a loaded machine
LISTENER_SECONDS = 10.0  # for a Ray at an address to accept a connection
VERSIONS = re.compile(r"Ray:? *(\S+)\s+Python:? *(\S+)", re.DOTALL)


def join(address: str) -> None:
    """Raises InvalidSetting when nothing answers at the address, or a Ray of other versions."""
    try:
        _require_listener(address)
        with contextlib.chdir("/"):
            ray.init(address=address, **QUIET)
    except BaseException as error:
        ray.shutdown()  # a signal, too, leaves nothing behind
        if isinstance(error, Exception) and _is_of_the_start(error):
            raise InvalidSetting(_refusal(address, error)) from error
        raise


def start(cpus: int) -> RayFolder:
    """A private Ray whose one device is `cpu`; its folder. Raises InvalidSetting."""
    for number in range(1, START_TRIES + 1):
        remove_abandoned_folders()
        folder = RayFolder()
        try:
            # Ray's workers import from the folder in which Ray was started: a user's own `workers`
            # or `api` there would be taken for ours.
            with contextlib.chdir(folder.path):
                ray.init(
                    address="local",
                    num_cpus=cpus,
                    resources={DEVICE_PREFIX + LOCAL_DEVICE: 1},
                    include_dashboard=False,
                    object_store_memory=256 * 1024**2,
                    _temp_dir=folder.path,
                    _node_ip_address="127.0.0.1",
                    **QUIET,
                )
        except BaseException as error:
            ray.shutdown()
            folder.remove()
            if not isinstance(error, Exception) or not _is_of_the_start(error):
                raise
            if number == START_TRIES:
                problem = _first_line(error)
                raise InvalidSetting(
                    f"cannot reach Ray at local, in {START_TRIES} tries: {problem}"
                ) from error
            logger.warning("Ray did not start, trying again", extra={"problem": _first_line(error)})
        else:
            return folder
    raise AssertionError("the last try returns or raises")


def _refusal(address: str, error: Exception) -> str:
    versions = VERSIONS.findall(str(error))
    if "ersion mismatch" in str(error) and len(versions) == 2:
        (ray_there, python_there), (ray_here, python_here) = versions
        return (
            f"the cluster at {address} has Ray {ray_there} on Python {python_there}, this worker "
            f"Ray {ray_here} on Python {python_here}: they must be the same"
        )
    return f"cannot reach Ray at {address}: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _is_of_the_start(error: Exception) -> bool:
    """Ray has a bare Exception for a start that takes too long; any other class is a mistake."""
    known = (OSError, ValueError, RuntimeError, ray.exceptions.RayError)
    return isinstance(error, known) or type(error) is Exception


def _require_listener(address: str) -> None:
    """Raises OSError when nothing listens at `[ray://]HOST:PORT`: Ray itself would wait for a
    minute and then end this process without a word of ours.
    """
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), LISTENER_SECONDS).close()
