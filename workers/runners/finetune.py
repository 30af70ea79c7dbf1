"""A fine-tuning job: train one architecture from its weights in the supernet, score both."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from search_service import catalog
from search_service.artifacts import Artifacts
from search_service.domain.evaluation import Evaluation
from search_service.domain.job import Claim, Ended, JobState
from search_service.domain.spec import ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Supernet
from search_service.domain.training import FinetuneSpec
from search_service.errors import MeasurementFailed
from search_service.search.measuring import Measuring
from search_service.search.plan import Plan
from workers.checkpoint_uri import content_at
from workers.checkpoints import read_weights, write_atomically
from workers.runners.base import Means
from workers.runners.train import POLL_SECONDS, keep, train
from workers.training.running import RunSettings

INPUTS = "inputs"  # within the run's folder


def run_finetune(claim: Claim, means: Means) -> Ended:
    """See Runner. `result` has the weights, and FID before and after by the final protocol."""
    spec = FinetuneSpec.from_json(claim.job.spec)
    folder = means.runs / claim.job.id
    supernet = means.storage.supernets.get(spec.supernet)
    evaluation = means.storage.evaluations.get(spec.evaluation)
    initial = folder / INPUTS / "initial"
    write_atomically(initial, content_at(supernet.checkpoint))
    train(
        RunSettings(
            folder=str(folder),
            recipe={**with_critic(spec, folder, means.artifacts), "initial": str(initial)},
            data=spec.data,
            processes=spec.workers,
        ),
        claim,
        means,
    )
    lineage = {"supernet": spec.supernet, "job": claim.job.id, "evaluation": spec.evaluation}
    kept = keep(folder, lineage, means)
    tuned = _tuned(supernet, claim, initial, folder)
    scores = {
        when: _score(claim, which, evaluation, spec, means)
        for when, which in (("before", supernet), ("after", tuned))
    }
    return Ended(state=JobState.SUCCEEDED, result={"artifacts": kept, **scores})


def with_critic(spec: FinetuneSpec, folder: Path, artifacts: Artifacts) -> Mapping[str, Any]:
    """The recipe; where the spec names a discriminator, it goes on from that, put into the run's
    folder. Raises NotFound, and InvalidFile for a damaged one."""
    if not spec.critic:
        return spec.recipe
    path = folder / INPUTS / "discriminator"
    write_atomically(path, artifacts.get(spec.critic).content)
    return {**spec.recipe, "critic": {**spec.recipe.get("critic", {}), "weights": str(path)}}


def embedded(full: dict[str, Tensor], subnet: dict[str, Tensor]) -> dict[str, Tensor]:
    """A supernet's weights with those of a subnet in the places that it runs on: the inverse of
    `extract`, so that the supernet at that architecture is the subnet."""
    weights = {name: tensor.clone() for name, tensor in full.items()}
    for name, tensor in subnet.items():
        weights[name][tuple(slice(size) for size in tensor.shape)] = tensor
    return weights


def _tuned(supernet: Supernet, claim: Claim, initial: Path, folder: Path) -> Supernet:
    """The supernet as far as this architecture is concerned; it is registered nowhere."""
    generator = read_weights(folder / "generator.safetensors")
    content = save(embedded(read_weights(initial), generator))
    path = folder / INPUTS / "tuned"
    write_atomically(path, content)
    digest = hashlib.sha256(content).hexdigest()
    return replace(supernet, id=claim.job.id, checkpoint=str(path), digest=digest)


def _score(
    claim: Claim, supernet: Supernet, evaluation: Evaluation, spec: FinetuneSpec, means: Means
) -> dict[str, Any]:
    """FID by the final protocol, with as many samples as the search's last word had.

    Raises MeasurementFailed.
    """
    search = SearchSpec.from_json(means.storage.jobs.get(spec.parent).spec)
    plan = Plan(
        spec=replace(search, objectives=(ObjectiveSpec(name="fid"),), constraints=()),
        supernet=supernet,
        space=catalog.space_of(supernet),
        devices={},
    )
    measuring = Measuring(
        claim=claim,
        storage=means.storage,
        pool=means.pool.of(supernet, check=means.check),
        artifacts=means.artifacts,
    )
    (request,) = plan.final_judgements(evaluation.architecture)
    try:
        measuring.ask(0, request)
        while not (received := measuring.receive(POLL_SECONDS)):
            means.check()
    finally:
        measuring.abandon()  # the pool's next user must not be given its answer
    ((_, answer),) = received
    if isinstance(answer, str):
        raise MeasurementFailed(answer)
    return {
        "fid": {
            "value": answer.value,
            "low": answer.low,
            "high": answer.high,
            "samples": answer.samples,
        }
    }
