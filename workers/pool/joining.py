"""Ray started on this machine, or joined at an address; why it could not be, in one line."""

import contextlib
import ipaddress
import logging
import re
import signal
import socket
from collections.abc import Mapping
from typing import Any

import ray
import ray.exceptions
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # compiled
from ray.core.generated.gcs_pb2 import GcsNodeInfo  # type: ignore[attr-defined]  # made on import

from search_service.errors import InvalidSetting
from workers.pool.bare_ray import bare
from workers.pool.need import DEVICE_PREFIX
from workers.ray_folders import RayFolder, remove_abandoned_folders

logger = logging.getLogger(__name__)

QUIET: Mapping[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
LOCAL_DEVICE = "cpu"
START_TRIES = 3  # of a local Ray, which gives up early on a loaded machine
LISTENER_SECONDS = 10.0  # for a Ray at an address to accept a connection
VERSIONS = re.compile(r"Ray:? *(\S+)\s+Python:? *(\S+)", re.DOTALL)


class OtherVersions(InvalidSetting):
    """A Ray or a Python with which this one cannot speak: no waiting helps."""


def join(address: str) -> None:
    """Raises InvalidSetting when nothing answers at the address or its nodes cannot be reached from
    here, OtherVersions when such a Ray answers."""
    try:
        if not _listener_is_here(address):
            _require_reachable_nodes(address)
        with contextlib.chdir("/"):
            ray.init(address=address, **QUIET)
    except BaseException as error:
        _disarm(error)
        ray.shutdown()  # a signal, too, leaves nothing behind
        if isinstance(error, Exception) and _is_of_the_start(error):
            raise _refusal(address, error) from error
        raise


def start(cpus: int) -> RayFolder:
    """A private Ray whose one device is `cpu`; its folder. Raises InvalidSetting."""
    for number in range(1, START_TRIES + 1):
        remove_abandoned_folders()
        folder = RayFolder()
        try:
            # Ray's workers import from the folder in which Ray was started: a user's own `workers`
            # or `api` there would be taken for ours.
            with contextlib.chdir(folder.path), bare():
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
            _disarm(error)
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


def _disarm(error: BaseException) -> None:
    """Where a signal ended the start: take back the alarm by which Ray's core, if it heard of the
    signal too, would abort this process three seconds later, amidst clearing up."""
    if not isinstance(error, Exception):
        signal.alarm(0)


def _refusal(address: str, error: Exception) -> InvalidSetting:
    versions = VERSIONS.findall(str(error))
    if "ersion mismatch" in str(error) and len(versions) == 2:
        (ray_there, python_there), (ray_here, python_here) = versions
        return OtherVersions(
            f"the cluster at {address} has Ray {ray_there} on Python {python_there}, this worker "
            f"Ray {ray_here} on Python {python_here}: they must be the same"
        )
    return InvalidSetting(f"cannot reach Ray at {address}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _is_of_the_start(error: Exception) -> bool:
    """Ray has a bare Exception for a start that takes too long; any other class is a mistake."""
    known = (OSError, ValueError, RuntimeError, ray.exceptions.RayError)
    return isinstance(error, known) or type(error) is Exception


def _listener_is_here(address: str) -> bool:
    """Whether `[ray://]HOST:PORT` is on this machine, or its nodes need not be reached from here.
    Raises OSError when nothing listens there: Ray itself would wait for a minute and then end this
    process without a word of ours.
    """
    scheme, _, place = address.rpartition("//")
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        return True
    with socket.create_connection((host.strip("[]"), int(port)), LISTENER_SECONDS) as found:
        return bool(scheme) or found.getsockname()[0] == found.getpeername()[0]


def _require_reachable_nodes(address: str) -> None:
    """Raises InvalidSetting for a cluster on another machine whose nodes say that they are at a
    loopback address: Ray would look for them here, and end this process.
    """
    try:
        told = GcsClient(address=address).get_all_node_info(timeout=LISTENER_SECONDS).values()
    except ray.exceptions.RayError:
        return  # Ray's own joining says why
    nodes = [node.node_manager_address for node in told if node.state == GcsNodeInfo.ALIVE]
    if nodes and all(map(is_loopback, nodes)):
        raise InvalidSetting(
            f"cannot join Ray at {address}: its nodes say that they are at {nodes[0]}, which no "
            "other machine can reach; start its head with --node-ip-address set to an address "
            "that this one can"
        )


def is_loopback(address: str) -> bool:
    """Of an IP address; a name is none."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
