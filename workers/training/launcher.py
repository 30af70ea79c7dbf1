"""A training run in processes of its own: an actor of Ray, or several by Ray's training library.

Whoever starts it stays free to watch, and to end it at any moment: what a run needs to go on is in
its folder, which all of its processes must see.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
import ray.exceptions

from search_service.errors import GansearchError, TrainingFailed
from workers.blame import Deaths
from workers.training.running import RunSettings, run

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
DEATHS = 3  # processes that die for reasons of their own are started again so often
QUIET = {
    "env_vars": {
        "OMP_NUM_THREADS": "1",
        "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths stay what they are
        "RAY_TRAIN_METRICS_ENABLED": "0",
        "RAY_TRAIN_ENABLE_PRINT_PATCH": "0",
    }
}


class Run:
    """A run under way. Its process is followed by another, which goes on from the last checkpoint,
    when it died with its node, and some times when it died for a reason of its own."""

    def __init__(self, settings: RunSettings, *, living: Callable[[], Collection[str]]) -> None:
        """Begin it, from its folder's checkpoint if there is one. `living` tells the ids of the
        cluster's nodes as they are now."""
        Path(settings.folder).mkdir(parents=True, exist_ok=True)
        # A worker that lost its claim may still start, stop or see fail a run in this folder.
        self._settings = replace(settings, starter=f"-{uuid4().hex}")
        self._living = living
        self._deaths = Deaths()
        self._begin()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether it has ended. Raises TrainingFailed with the error of ours that ended it, or
        when its processes died again and again."""
        ready, _ = ray.wait([self._ended], timeout=timeout_seconds)
        if not ready:
            return False
        with suppress(FileNotFoundError):
            raise TrainingFailed(self._settings.failure.read_text())
        try:
            ray.get(self._ended)
        except ray.exceptions.RayError as error:
            if not self._survives(error):
                cause = getattr(error, "cause", None) or error
                lines = str(cause).strip().splitlines() or [type(cause).__name__]
                raise TrainingFailed(f"the training's processes died: {lines[0]}") from error
            logger.warning("a training goes on elsewhere", extra={"cause": type(error).__name__})
            self.kill()
            self._begin()
            return False
        return True

    def stop(self, patience_seconds: float) -> None:
        """Have it save where it is, for so long at most, and end its processes."""
        asked = self._settings.stop
        asked.touch()
        until = time.monotonic() + patience_seconds
        with suppress(GansearchError):
            while asked.exists() and time.monotonic() < until and not self.wait(POLL_SECONDS):
                pass
        self.kill()
        asked.unlink(missing_ok=True)

    def kill(self) -> None:
        """End its processes now; the last checkpoint is intact."""
        ray.kill(self._actor)

    def _begin(self) -> None:
        alone = self._settings.processes == 1
        self._among = frozenset(self._living())  # one of which it is on
        # An actor, not a task: cancelling a task that ends at that moment aborts the driver's
        # process (ray-project/ray, pull request 54798); an actor may be killed at any time.
        cores = 1 if alone else 0
        actor: Any = ray.remote(_Process).options(num_cpus=cores, runtime_env=QUIET).remote()
        self._actor, self._node = actor, actor.node.remote()
        method = actor.run if alone else actor.fit
        self._ended = method.remote(asdict(self._settings))

    def _survives(self, error: Exception) -> bool:
        """Whether another process is to go on after this death."""
        raised = isinstance(error, ray.exceptions.RayTaskError)
        # Where several share the run, what is raised may tell of any of them.
        where = self._among if raised and self._settings.processes > 1 else self._where()
        living, now = self._living(), time.monotonic()
        if not where <= frozenset(living):
            return True
        if raised:
            return False
        uncertain = isinstance(error, ray.exceptions.ActorUnavailableError)
        self._deaths.add(nodes=where, now=now, uncertain=uncertain)
        return self._deaths.count(now, lambda node: node not in living) <= DEATHS

    def _where(self) -> frozenset[str]:
        """The id of the node that the process is on, or those of all that it may be on."""
        ready, _ = ray.wait([self._node], timeout=0)
        with suppress(ray.exceptions.RayError):
            return frozenset([ray.get(self._node)] if ready else self._among)
        return self._among


class _Process:
    """Where a run happens, or is watched over."""

    def node(self) -> str:
        """The id of the node it is on."""
        node: str = ray.get_runtime_context().get_node_id()
        return node

    def run(self, settings: Mapping[str, Any]) -> None:
        """Train here."""
        run(settings)

    def fit(self, settings: Mapping[str, Any]) -> None:
        """Without work of its own: start the processes that train, and wait for them."""
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        TorchTrainer(
            run,
            train_loop_config=dict(settings),
            scaling_config=ScalingConfig(num_workers=settings["processes"]),
            torch_config=TorchConfig(backend="gloo"),
            run_config=RunConfig(
                name="ray",
                storage_path=settings["folder"],
                failure_config=FailureConfig(max_failures=DEATHS),
            ),
        ).fit()
