"""Accepting a fine-tuning: one architecture goes on learning from its supernet's weights."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from search_service import catalog, recipes
from search_service.domain.datasets import name_and_folder
from search_service.domain.evaluation import Evaluation
from search_service.domain.job import Job, JobKind, JobState
from search_service.domain.supernet import Supernet
from search_service.domain.training import FinetuneSpec
from search_service.errors import InvalidFile, InvalidInput, NotFound, UnknownName
from search_service.jobs.checks import Accepted, below, require_divisible, require_files
from search_service.spaces.gan_compression import GanCompressionSpace
from search_service.storage.base import Storage

METHOD = "finetune"
FAMILY, GENERATORS = "gan-compression", ("resnet", "spade")  # whose architectures it can train
# Of a supernet's training alone; the last three are counted in its own images.
OWN_KEYS = (
    *("method", "images", "subnets", "sandwich", "initial", "pruned_from_teacher"),
    *("warmup_images", "warmup_rate", "average_half_life"),
)
PAGE_SIZE = 200


def accept(body: Mapping[str, Any], *, storage: Storage) -> Accepted:
    """The recipe is that of the supernet's own training, if it was trained here, else the pairs'
    loss without a teacher; the body's `recipe` overrides it key by key. The discriminator goes on
    from what that training left of it, as published, unless the body's recipe has a `critic`.

    Raises InvalidInput (or a subclass) whose pointer names the field.
    """
    try:
        evaluation = storage.evaluations.get(body["evaluation"])
    except NotFound as error:
        raise UnknownName(str(error), pointer="/spec/evaluation") from error
    supernet = storage.supernets.get(evaluation.supernet)
    _check_family(supernet)
    training = _training_of(supernet, storage)
    critic = "" if "critic" in body.get("recipe", {}) else _critic_of(training)
    base = _recipe_of(supernet, evaluation, training)
    if critic and "critic" in base:
        base["critic"] = {key: value for key, value in base["critic"].items() if key != "weights"}
    table = _merged(base, body.get("recipe", {})) | {"method": METHOD}
    batch = table.get("batch", 1)
    if ("images" in body) == ("steps" in body):
        raise InvalidInput("say either images or steps", pointer="/spec/images")
    if isinstance(batch, int):
        table["images"] = body.get("images", body.get("steps", 0) * batch)
    with below("/spec/recipe"):
        _, recipe = recipes.parse(table)
        require_files(recipe)
        table = recipes.with_digests(table, recipe)
    _, folder = name_and_folder(supernet.dataset)  # what it learnt from, if not said otherwise
    workers, data = body.get("workers", 1), body.get("data", folder)
    with below("/spec"):
        require_divisible(recipe, workers)
        if data and not Path(data).is_dir():
            raise InvalidFile(f"no folder at {data}", pointer="/data")
    spec = FinetuneSpec(
        evaluation=evaluation.id,
        supernet=supernet.id,
        parent=evaluation.job,
        recipe=recipes.with_whole_paths(table, recipe),
        workers=workers,
        data=data,
        critic=critic,
    )
    return Accepted(spec=asdict(spec), supernet=supernet.id)


def _check_family(supernet: Supernet) -> None:
    kind = supernet.parameters.get("generator", GENERATORS[0])
    if supernet.family != FAMILY or kind not in GENERATORS:
        told = supernet.family + (f" ({kind})" if supernet.family == FAMILY else "")
        raise InvalidInput(
            f"no method fine-tunes one architecture of {told}; there is one for {FAMILY} "
            f"({', '.join(GENERATORS)})",
            pointer="/spec/evaluation",
        )


def _recipe_of(supernet: Supernet, evaluation: Evaluation, training: Job | None) -> dict[str, Any]:
    """What of the recipe is not the user's to say."""
    space = catalog.space_of(supernet)
    assert isinstance(space, GanCompressionSpace)
    parameters = asdict(space.parameters)
    size = {key: parameters[key] for key in ("generator", "base_channels", "space")}
    if parameters["generator"] == "spade":
        kind = {
            "map_channels": parameters["input_channels"],
            "upsampling": parameters["upsampling"],
        }
    else:
        kind, size = {}, size | {"blocks": parameters["blocks"]}
    trained = training.spec["recipe"] if training else {}
    own = {key: value for key, value in trained.items() if key not in OWN_KEYS}
    dataset, _ = name_and_folder(supernet.dataset)
    return {
        "dataset": dataset,
        "weights": {"distillation": 0.0},
        **own,
        **kind,
        "supernet": size,
        "architecture": evaluation.architecture,
        "initial": supernet.checkpoint,
    }


def _critic_of(training: Job | None) -> str:
    """The id of the discriminator that a training left; empty where there is none."""
    result = (training.result if training else None) or {}
    return str(result.get("artifacts", {}).get("discriminator", ""))


def _training_of(supernet: Supernet, storage: Storage) -> Job | None:
    """The job that trained the supernet, if that was here."""
    token = None
    while True:
        page = storage.jobs.page(
            size=PAGE_SIZE, token=token, kind=JobKind.TRAIN, state=JobState.SUCCEEDED
        )
        for job in page.items:
            if (job.result or {}).get("supernet") == supernet.id:
                return job
        token = page.next_token
        if token is None:
            return None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables within are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(inner, value)
        else:
            merged[key] = value
    return merged
