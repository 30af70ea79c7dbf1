"""A training job: processes of its own train; the worker watches, tells, and keeps the outcome."""

import json
import logging
import time
from contextlib import suppress
from pathlib import Path

from search_service import catalog, recipes
from search_service.domain.datasets import with_folder
from search_service.domain.job import Claim, Ended, JobState
from search_service.domain.training import TrainSpec
from search_service.errors import LostClaim, NameTaken, StorageUnavailable
from search_service.queue import PollingWakeUps
from workers.heartbeat import Draining
from workers.runners.base import Means
from workers.runners.telling import Telling
from workers.training.launcher import Run
from workers.training.loop import LOG
from workers.training.running import SUPERNET, RunSettings

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
LINE_SECONDS = 0.2  # between two looks at whether it may begin
TELL_SECONDS = 5.0  # of waiting, after which the job says for what
PATIENCE_SECONDS = 5.0  # for a run that is to leave off to save where it is


def run_train(claim: Claim, means: Means) -> Ended:
    """See Runner. An earlier claim's run goes on from its last checkpoint."""
    spec = TrainSpec.from_json(claim.job.spec)
    folder = means.runs / claim.job.id
    train(
        RunSettings(folder=str(folder), recipe=spec.recipe, data=spec.data, processes=spec.workers),
        claim,
        means,
    )
    lineage = {"job": claim.job.id}
    kept = keep(folder, lineage, means)
    result = {"artifacts": kept, "supernet": None}
    if not spec.name:
        return Ended(state=JobState.SUCCEEDED, result=result)
    method, recipe = recipes.parse(spec.recipe)
    try:
        weights = kept[recipes.SUPERNETS[method]]
        supernet = _register(spec, recipe.dataset, folder, weights, means)
    except NameTaken as error:
        return Ended(state=JobState.FAILED, reason=str(error), result=result)
    return Ended(state=JobState.SUCCEEDED, result=result | {"supernet": supernet})


def train(settings: RunSettings, claim: Claim, means: Means) -> None:
    """Until the recipe's end. Raises what `check` does, the run having saved where it is."""
    means.pool.close()  # its cores are for the training
    _, recipe = recipes.parse(settings.recipe)
    telling = Telling(Path(settings.folder), recipe, claim, means)
    try:
        _line_up(settings.processes, claim, means)
        _watch(Run(settings, living=means.living), settings.processes, telling, means)
    finally:
        means.hold(0)
    while not _tell(telling):
        means.check()
        time.sleep(POLL_SECONDS)


def _line_up(processes: int, claim: Claim, means: Means) -> None:
    """Wait until the cluster has cores for all the processes: begun with fewer, some would keep
    theirs idle until the others have one too."""
    began, told = time.monotonic(), False
    reason = f"waiting for {processes} free cores of the cluster"
    while not means.hold(processes):
        means.check()
        if not told and time.monotonic() - began > TELL_SECONDS:
            with suppress(StorageUnavailable):
                means.storage.events.log(claim, reason)
                told = True
        time.sleep(LINE_SECONDS)


def _watch(run: Run, processes: int, telling: Telling, means: Means) -> None:
    """Until the run's end. A database that is away is told later, and stops nothing."""
    try:
        while not run.wait(POLL_SECONDS):
            means.check()
            means.hold(processes, begun=True)
            _tell(telling)
    except (LostClaim, Draining):
        run.stop(PATIENCE_SECONDS)
        raise
    except BaseException:
        run.kill()
        raise


def _tell(telling: Telling) -> bool:
    """Whether the database was there to be told."""
    try:
        telling.tell()
    except StorageUnavailable as error:
        logger.warning("not told yet", extra={"reason": str(error)})
        return False
    return True


def keep(folder: Path, lineage: dict[str, str], means: Means) -> dict[str, str]:
    """Put the networks and the log of an ended run into the store; ids by name."""
    kept = {}
    for path in sorted(folder.glob("*.safetensors")):
        kept[path.stem] = means.artifacts.put(
            path.read_bytes(), media_type="application/octet-stream", lineage=lineage
        )
    log = (folder / LOG).read_bytes()
    kept["log"] = means.artifacts.put(log, media_type="application/jsonl", lineage=lineage)
    return kept


def _register(spec: TrainSpec, dataset: str, folder: Path, weights: str, means: Means) -> str:
    """The id of the supernet, which may have been registered by a claim that then ended."""
    checkpoint = means.artifacts.uri(weights)
    about = json.loads((folder / SUPERNET).read_text())
    try:
        return catalog.register_supernet(
            name=spec.name,
            **about,
            checkpoint=checkpoint,
            dataset=with_folder(dataset, spec.data),
            feature_extractor=spec.feature_extractor,
            storage=means.storage,
            wake_ups=PollingWakeUps(),  # this worker settles it before its next job
        ).id
    except NameTaken:
        there = means.storage.supernets.get(spec.name)
        if there.checkpoint == checkpoint:
            return there.id
        raise
