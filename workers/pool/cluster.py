"""A connection to Ray, and what its nodes offer."""

import contextlib
import logging
import os
import socket
from collections.abc import Mapping
from typing import Any

import ray
import ray.exceptions

from search_service.domain.scoring import ScoreSpec
from search_service.errors import InvalidSetting
from workers.evaluators.latency import calibrate
from workers.pool.folders import RayFolder, remove_abandoned_folders
from workers.pool.ray_pool import DEVICE_PREFIX, RayPool
from workers.pool.shard_pool import RayShards
from workers.pool.spec import EvaluatorSpec

logger = logging.getLogger(__name__)

QUIET: Mapping[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
LOCAL_DEVICE = "cpu"
START_TRIES = 3  # of a local Ray, which gives up early on a loaded machine
SHARD_CORES = 2  # of an actor that makes images and looks at the last ones at once
LISTENER_SECONDS = 10.0  # for a Ray at an address to accept a connection


class Cluster:
    """A connection to Ray: a private one on this machine, or the one at an address."""

    def __init__(self, address: str | None = None, *, cpus: int | None = None) -> None:
        """`address` None starts a local cluster whose one device is `cpu`, with `cpus` cores.

        Raises InvalidSetting when nothing answers at the address, or no local one comes up.
        """
        self._folder: RayFolder | None = None
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ["OMP_NUM_THREADS"] = "1"  # torch threads that wait for each other spin
        tries = 1 if address else START_TRIES
        for number in range(1, tries + 1):
            try:
                if address is None:
                    self._start(cpus or os.cpu_count() or 1)
                else:
                    _require_listener(address)
                    with contextlib.chdir("/"):
                        ray.init(address=address, **QUIET)
                return
            except Exception as error:
                self.close()
                if not _is_of_the_start(error):
                    raise
                problem = str(error).splitlines()[0] if str(error) else type(error).__name__
                if number == tries:
                    where = address or f"local, in {tries} tries"
                    raise InvalidSetting(f"cannot reach Ray at {where}: {problem}") from error
                logger.warning("Ray did not start, trying again", extra={"problem": problem})
            except BaseException:  # a signal: leave nothing behind
                self.close()
                raise

    def _start(self, cpus: int) -> None:
        remove_abandoned_folders()
        self._folder = RayFolder()
        # Ray's workers import from the folder in which Ray was started: a user's own `workers`
        # or `api` there would be taken for ours.
        with contextlib.chdir(self._folder.path):
            ray.init(
                address="local",
                num_cpus=cpus,
                resources={DEVICE_PREFIX + LOCAL_DEVICE: 1},
                include_dashboard=False,
                object_store_memory=256 * 1024**2,
                _temp_dir=self._folder.path,
                _node_ip_address="127.0.0.1",
                **QUIET,
            )

    def devices(self) -> list[str]:
        """Names of the devices that nodes of the cluster offer."""
        names = (n.removeprefix(DEVICE_PREFIX) for n in self._resources() if DEVICE_PREFIX in n)
        return sorted(names)

    def calibrate(self, device: str) -> Mapping[str, Any]:
        """The latency protocol of a device, its reference network timed on it now."""
        task = ray.remote(calibrate).options(num_cpus=0, resources={DEVICE_PREFIX + device: 1})
        protocol: Mapping[str, Any] = ray.get(task.remote())
        return protocol

    def pool(self, spec: EvaluatorSpec) -> "RayPool":
        """Actors for one supernet: one per core, and one per device when it is first asked for.

        Raises what building an evaluator raises (InvalidInput: the parts do not fit).
        """
        cores = max(1, int(self._resources().get("CPU", 1)))
        return RayPool(spec, actors=cores)

    def shards(self, spec: ScoreSpec) -> "RayShards":
        """Actors that make shards for a scoring, two cores each where there are two."""
        cores = max(1, int(self._resources().get("CPU", 1)))
        each = min(SHARD_CORES, cores)
        return RayShards(spec, actors=cores // each, cores_each=each)

    def close(self) -> None:
        """Leave; a local cluster ends."""
        ray.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _resources(self) -> Mapping[str, float]:
        resources: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own
        return resources


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
