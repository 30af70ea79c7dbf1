"""Accepting a scoring: what is scored, against what and by what are checked now."""

from collections.abc import Mapping
from os.path import isdir, isfile  # false also for what no path can be
from typing import Any

from search_service import catalog, spaces
from search_service.domain.score import score
from search_service.domain.scoring import (
    GeneratorSpec,
    ReferenceKind,
    ReferenceSource,
    ScoreSpec,
)
from search_service.domain.seed import require_seed
from search_service.errors import InvalidFile, InvalidInput
from search_service.jobs.checks import Accepted, at, below
from search_service.storage.base import Storage


def accept(body: Mapping[str, Any], *, storage: Storage) -> Accepted:
    """Raises InvalidInput (or a subclass) whose pointer names the field."""
    del storage
    spec = ScoreSpec.from_json(body)
    with below("/spec"):
        _check_metrics(spec)
        catalog.check_extractor(spec.feature_extractor)
        _check_reference(spec)
        _check_subject(spec)
        require_seed(spec.seed, pointer="/seed")
    return Accepted(spec=spec.to_json())


def _check_metrics(spec: ScoreSpec) -> None:
    if not spec.metrics:
        raise InvalidInput("name at least one metric", pointer="/metrics")
    for place, name in enumerate(spec.metrics):
        pointer = f"/metrics/{place}"
        wanted = score(name, pointer=pointer)
        if name in spec.metrics[:place]:
            raise InvalidInput(f"metric {name!r} is named twice", pointer=pointer)
        if spec.samples < wanted.min_samples:
            raise InvalidInput(
                f"{name} takes at least {wanted.min_samples} samples, got {spec.samples}",
                pointer="/samples",
            )


def _check_reference(spec: ScoreSpec) -> None:
    source = ReferenceSource.parse(spec.reference)
    if source.kind is ReferenceKind.DATASET:
        with at("/reference"):
            catalog.check_dataset(_dataset_text(source))
        return
    is_file = source.kind is ReferenceKind.FILE
    there = isfile(source.path) if is_file else isdir(source.path)
    if not there:
        raise InvalidFile(
            f"no {'file' if is_file else 'folder'} at {source.path!r}: a reference is a data set, "
            "a folder of images, or a .safetensors or .npz file of statistics",
            pointer="/reference",
        )
    for name in spec.metrics if is_file else ():
        if score(name).needs_reals:
            raise InvalidInput(
                f"{name} needs real images: {source.path} holds only their statistics",
                pointer="/reference",
            )


def _check_subject(spec: ScoreSpec) -> None:
    if bool(spec.images) == (spec.generator is not None):
        raise InvalidInput("say either images or generator", pointer="/images")
    if spec.generator is not None:
        with below("/generator"):
            _check_generator(spec.generator)
    elif not isdir(spec.images):
        raise InvalidFile(f"no folder at {spec.images!r}", pointer="/images")


def _check_generator(generator: GeneratorSpec) -> None:
    space = spaces.build(generator.family, generator.parameters)
    catalog.check_dataset(generator.dataset)
    catalog.check_checkpoint(generator.checkpoint)
    if generator.architecture:
        with at("/architecture"):
            space.parse(generator.architecture)


def _dataset_text(source: ReferenceSource) -> str:
    return f"{source.dataset}:{source.path}" if source.path else source.dataset
