"""The cluster: Ray actors that measure, one request at a time each. No other file knows Ray."""

import fcntl
import logging
import os
import shutil
import signal
import socket
import tempfile
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import ray
import ray.exceptions
from numpy.typing import NDArray

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import GansearchError, InvalidSetting
from search_service.pools import Outcome
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.evaluators.latency import calibrate

logger = logging.getLogger(__name__)

FOLDERS = Path("/tmp")
FOLDER_PREFIX = "gs-ray-"
QUIET: Mapping[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
DEVICE_PREFIX = "device:"  # a node offers a device by the resource `device:<name>`
LOCAL_DEVICE = "cpu"
START_TRIES = 3  # of a local Ray, which gives up early on a loaded machine
LISTENER_SECONDS = 10.0  # for a Ray at an address to accept a connection
MAX_TRIES = 3  # a request that kills its actor this often has failed
REMEMBERED = 256  # architectures whose last actor is remembered


@dataclass(frozen=True, kw_only=True)
class EvaluatorSpec:
    """What an `ArchitectureEvaluator` is built from."""

    family: str
    parameters: Mapping[str, Any]
    weights: Mapping[str, NDArray[np.float32]]
    judging: Judging


class Seat:
    """What lives in an actor's process: torch on one thread, and an evaluator."""

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        family: str,
        parameters: Mapping[str, Any],
        judging: Judging,
    ) -> None:
        self._evaluator = ArchitectureEvaluator(
            family=family, parameters=parameters, weights=weights, judging=judging
        )

    def measure(self, request: MeasurementRequest) -> Measurement:
        """See ArchitectureEvaluator."""
        return self._evaluator.measure(request)

    def fid_protocol(self) -> Mapping[str, Any]:
        """See ArchitectureEvaluator."""
        return self._evaluator.fid_protocol


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
                    ray.init(address=address, **QUIET)
                return
            except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
                self.close()
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

    def close(self) -> None:
        """Leave; a local cluster ends."""
        ray.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _resources(self) -> Mapping[str, float]:
        resources: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own
        return resources


def _require_listener(address: str) -> None:
    """Raises OSError when nothing listens at `[ray://]HOST:PORT`: Ray itself would wait for a
    minute and then end this process without a word of ours.
    """
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), LISTENER_SECONDS).close()


class RayFolder:
    """Where a local Ray keeps its sockets and logs: it names its owner, and is locked by it."""

    def __init__(self) -> None:
        # Short: the paths of sockets have at most 107 bytes, and Ray appends up to 66.
        prefix = f"{FOLDER_PREFIX}{os.getpid()}-"
        self.path = tempfile.mkdtemp(prefix=prefix, dir=FOLDERS)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """End what still works there, and remove it."""
        _end_processes_of(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_abandoned_folders() -> None:
    """Remove the folders whose owners were killed, and end what of their Rays still runs."""
    for folder in FOLDERS.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)) and not _is_locked(folder):
            logger.info("removing what a killed process left", extra={"folder": str(folder)})
            _end_processes_of(str(folder))
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_locked(folder: Path) -> bool:
    """Also where it cannot be told, so that nothing is taken from another user. The lock is seen
    where the process is not: by a container that shares the folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _end_processes_of(folder: str) -> None:
    """SIGKILL to those that name the folder among their arguments. Ray forgets what it began when
    its start fails.
    """
    for entry in Path("/proc").glob("[0-9]*"):  # none where the system has no such folder
        with suppress(OSError):
            if folder.encode() in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)


@dataclass
class _Work:
    """A request on its way."""

    ticket: int
    request: MeasurementRequest
    tries: int = 0


@dataclass(eq=False)
class _Actor:
    """An actor and what it is doing. `device` is empty for those that judge images."""

    handle: Any
    device: str = ""
    work: _Work | None = None
    waiting: deque[_Work] = field(default_factory=deque)  # meant for this one


class RayPool:
    """A `search_service.pools.Pool` over Ray actors."""

    def __init__(self, spec: EvaluatorSpec, *, actors: int) -> None:
        self._spec = spec
        self._weights = ray.put(dict(spec.weights))  # once per node, whatever the actors
        self._shared: deque[_Work] = deque()
        self._running: dict[Any, _Actor] = {}  # by the reference of the result
        self._last: OrderedDict[str, _Actor] = OrderedDict()  # by architecture
        self._tickets = 0
        first = self._actor("")
        self.fid_protocol: Mapping[str, Any] = _get(first.handle.fid_protocol.remote())
        self._actors = [first, *(self._actor("") for _ in range(actors - 1))]

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._place(_Work(self._tickets, request))
        self._dispatch()
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        self._dispatch()
        if not self._running:
            return []
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout_seconds)
        outcomes = [outcome for ref in ready if (outcome := self._collect(ref)) is not None]
        self._dispatch()
        return outcomes

    def abandon(self) -> None:
        """See Pool. A measurement under way runs to its end, unheard."""
        self._shared.clear()
        for actor in self._actors:
            actor.waiting.clear()
        for actor in self._running.values():
            if actor.work is not None:
                actor.work.ticket = 0

    def close(self) -> None:
        """End the actors."""
        for actor in self._actors:
            ray.kill(actor.handle)
        self._actors.clear()

    @property
    def judges(self) -> int:
        """How many actors judge images; those that time on a device come beside them."""
        return sum(not actor.device for actor in self._actors)

    def _place(self, work: _Work) -> None:
        """In the line of the device, of the actor that knows the architecture, or of all."""
        device = work.request.device
        if device:
            actor = next((a for a in self._actors if a.device == device), None)
            if actor is None:
                actor = self._actor(device)
                self._actors.append(actor)
            actor.waiting.append(work)
            return
        known = self._last.get(work.request.architecture)
        (known.waiting if known is not None else self._shared).append(work)

    def _dispatch(self) -> None:
        for actor in self._actors:
            if actor.work is not None:
                continue
            line = actor.waiting if actor.waiting or actor.device else self._shared
            if line:
                self._start(actor, line.popleft())

    def _start(self, actor: _Actor, work: _Work) -> None:
        actor.work = work
        work.tries += 1
        self._running[actor.handle.measure.remote(work.request)] = actor
        if not actor.device:
            self._last[work.request.architecture] = actor
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)

    def _collect(self, ref: Any) -> Outcome | None:
        actor = self._running.pop(ref)
        work, actor.work = actor.work, None
        assert work is not None
        try:
            measurement: Measurement = _get(ref)
        except GansearchError as error:
            outcome = Outcome(ticket=work.ticket, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a measurement raised", extra={"request": str(work.request)})
            cause = error.cause or error
            outcome = Outcome(ticket=work.ticket, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            return self._after_death(actor, work, error)
        else:
            outcome = Outcome(ticket=work.ticket, measurement=measurement)
        return outcome if work.ticket else None

    def _after_death(self, actor: _Actor, work: _Work, error: Exception) -> Outcome | None:
        """Replace a dead actor; its work is tried again, up to a limit."""
        logger.warning(
            "an actor died", extra={"device": actor.device, "cause": type(error).__name__}
        )
        self._last = OrderedDict((k, a) for k, a in self._last.items() if a is not actor)
        actor.handle = self._handle(actor.device)
        if not work.ticket:
            return None
        if work.tries >= MAX_TRIES:
            failure = f"killed its actor {MAX_TRIES} times ({type(error).__name__})"
            return Outcome(ticket=work.ticket, failure=failure)
        self._place(work)
        return None

    def _actor(self, device: str) -> _Actor:
        return _Actor(handle=self._handle(device), device=device)

    def _handle(self, device: str) -> Any:
        resources = {DEVICE_PREFIX + device: 1} if device else {}
        actor = ray.remote(Seat).options(num_cpus=0 if device else 1, resources=resources)
        return actor.remote(
            self._weights, self._spec.family, self._spec.parameters, self._spec.judging
        )


def _get(ref: Any) -> Any:
    """The result; an error of ours that was raised in an actor is raised as itself."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GansearchError):
            raise error.cause from None
        raise
