"""A training run in processes of its own: an actor of Ray, or several by Ray's training library.

Whoever starts it stays free to watch, and to end it at any moment: what a run needs to go on is in
its folder, which all of its processes must see.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
import ray.exceptions

from search_service.errors import GansearchError, TrainingFailed
from workers.training.running import RunSettings, run

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
    """A run under way."""

    def __init__(self, settings: RunSettings) -> None:
        """Begin it, from its folder's checkpoint if there is one."""
        Path(settings.folder).mkdir(parents=True, exist_ok=True)
        # A worker that lost its claim may still start, stop or see fail a run in this folder.
        self._settings = settings = replace(settings, starter=f"-{uuid4().hex}")
        alone = settings.processes == 1
        # An actor, not a task: cancelling a task that ends at that moment aborts the driver's
        # process (ray-project/ray, pull request 54798); an actor may be killed at any time.
        self._actor: Any = (
            ray.remote(_Process)
            .options(
                num_cpus=1 if alone else 0,
                max_restarts=DEATHS if alone else 0,
                max_task_retries=DEATHS if alone else 0,
                runtime_env=QUIET,
            )
            .remote()
        )
        method: Any = self._actor.run if alone else self._actor.fit
        self._ended = method.remote(asdict(settings))

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
            cause = getattr(error, "cause", None) or error
            lines = str(cause).strip().splitlines() or [type(cause).__name__]
            raise TrainingFailed(f"the training's processes died: {lines[0]}") from error
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


class _Process:
    """Where a run happens, or is watched over."""

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
