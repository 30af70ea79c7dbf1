"""By what a supernet's images are judged: judges of what a search and its end are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from search_service.domain.space import largest
from search_service.errors import InvalidInput
from workers import zoo
from workers.evaluation.supernet import REFERENCE_SPLIT, RunnableSupernet, as_judged
from workers.evaluators import real_features
from workers.evaluators.conditions import Conditions, open_conditions
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.feature_scores import Against
from workers.evaluators.fid import Fid
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.judge import ImageJudge
from workers.evaluators.objectives import available
from workers.evaluators.own_resolution import open_own_resolution
from workers.evaluators.placement import CPU
from workers.evaluators.reference import Reference, find_or_compute
from workers.images import to_uint8
from workers.images.one_hot import one_hot
from workers.supernets.gan_compression.spade import SpadeSupernet

SPLITS = {"search": "search", "final": "test"}  # of the inputs, where they are images


@dataclass(frozen=True, kw_only=True)
class Judging:
    """By what a supernet's images are judged, and where to find it."""

    dataset: str
    feature_extractor: str
    extractor_file: Path | None = None  # None: the shipped one
    references: Path  # the folder of reference statistics that are computed here
    data: Path | None = None  # the data set's folder, needed when there are no statistics yet


@dataclass(frozen=True, kw_only=True, eq=False)
class Judges:
    """By use, a key of SPLITS, what is judged on which inputs."""

    by_use: Mapping[str, ImageJudge]
    conditions: Mapping[str, Conditions]
    impossible: Mapping[str, str]  # why, by objective
    side: int  # of the full output
    example: Tensor  # one input, as the supernet takes it


def open_judges(
    supernet: RunnableSupernet, judging: Judging, *, placement: torch.device = CPU
) -> Judges:
    """`placement`: where the supernet is, and whatever looks at its images is to be.

    Raises UnknownName, InvalidInput or InvalidFile when the parts do not fit each other.
    """
    space = supernet.space
    conditions = {
        use: open_conditions(space, judging.dataset, split, judging.data)
        for use, split in SPLITS.items()
    }
    example = conditions["search"].inputs.shard(0, 0)[:1]
    generator, running = as_judged(supernet, judging.dataset, judging.data, placement=placement)
    if isinstance(supernet, SpadeSupernet):
        example = one_hot(example, supernet.input_channels)
    extractor = open_extractor(
        judging.feature_extractor, judging.extractor_file, placement=placement
    )
    with torch.inference_mode():
        trial = supernet(example.to(placement), largest(space)).cpu()
    extractor(to_uint8(trial))  # refuses images that it cannot take now, not in every search
    folders = (zoo.folder() / "reference", judging.references)
    reference = find_or_compute(
        judging.dataset, REFERENCE_SPLIT, extractor, folders=folders, data=judging.data
    )
    judged_by = Fid(extractor, reference)
    own = open_own_resolution(judged_by, space, folders=folders, data=judging.data)
    against = _against(judging, extractor, reference)
    judges: dict[str, ImageJudge] = {}
    impossible: Mapping[str, str] = {}
    for use, given in conditions.items():
        maker = ImageMaker(
            generator,
            inputs=given.inputs,
            side=trial.shape[-1],
            facts=running,
            placement=placement,
        )
        found = available(
            given,
            fid=judged_by,
            against=against,
            own_resolution=own,
            maker=maker,
            teacher=largest(space),
            image_shape=(trial.shape[1], trial.shape[2], trial.shape[3]),
            dataset=judging.dataset,
            data=judging.data,
            placement=placement,
        )
        judges[use] = ImageJudge(maker, found.objectives)
        impossible = found.impossible
    return Judges(
        by_use=judges,
        conditions=conditions,
        impossible=impossible,
        side=trial.shape[-1],
        example=example,
    )


def _against(judging: Judging, extractor: FeatureExtractor, reference: Reference) -> Against | str:
    """Features of real images; where the images are not to be had, why, in one line."""
    try:
        real = real_features.find_or_compute(
            judging.dataset,
            REFERENCE_SPLIT,
            extractor,
            folders=(zoo.folder() / "reference", judging.references),
            data=judging.data,
        )
        real_features.require_same_data(reference, real)
    except InvalidInput as error:
        return f"no features of real images: {error}"
    return Against(extractor=extractor, real=real)
