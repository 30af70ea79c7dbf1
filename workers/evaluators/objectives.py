"""Which objectives a supernet's images can be judged by, and why not by the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from search_service.domain.score import SCORES
from search_service.domain.space import Architecture
from workers.evaluators import consistency, dssim, miou_error, mse, perceiver
from workers.evaluators import own_resolution as own
from workers.evaluators.conditions import Conditions
from workers.evaluators.feature_objective import FeatureObjective
from workers.evaluators.feature_scores import Against
from workers.evaluators.fid import Fid
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.image_objective import ImageObjective
from workers.evaluators.miou_error import MiouError
from workers.evaluators.own_resolution import OwnResolutionFid
from workers.evaluators.paired_error import paired_error
from workers.evaluators.placement import CPU
from workers.evaluators.segmenter import FILE, WANTED, open_segmenter
from workers.evaluators.teacher_distance import TeacherDistance

FEATURE_SCORES = [score for score in SCORES.values() if score.name != "fid"]
ImageShape = tuple[int, int, int]  # channels, height, width


@dataclass(frozen=True, kw_only=True)
class Available:
    """Objectives, and for each that is not there one line that says why."""

    objectives: tuple[ImageObjective, ...]
    impossible: Mapping[str, str]


def available(
    conditions: Conditions,
    *,
    fid: Fid,
    against: Against | str,
    own_resolution: OwnResolutionFid | str,
    maker: ImageMaker,
    teacher: Architecture,
    image_shape: ImageShape,
    dataset: str,
    data: Path | None,
    placement: torch.device = CPU,
) -> Available:
    """`against` and `own_resolution`: what is judged by, or one line that says why it is not there;
    `image_shape`: of the full output; `placement`: on which networks of the user's run. Raises
    InvalidFile for one that is there and cannot be used."""
    objectives: list[ImageObjective] = [fid, TeacherDistance(maker, teacher)]
    impossible = _why_not_paired(conditions, image_shape, dataset)
    if isinstance(own_resolution, str):
        impossible[own.NAME] = own_resolution
    else:
        objectives.append(own_resolution)
    if isinstance(against, str):
        impossible |= dict.fromkeys((s.objective for s in FEATURE_SCORES), against)
    else:
        for each in FEATURE_SCORES:
            if each.name == "is" and not against.extractor.classes:
                impossible[each.objective] = f"{against.extractor.name} has no classes"
            else:
                objectives.append(FeatureObjective(each.name, against))
    objectives.append(consistency.feature_distance(maker, teacher, fid.extractor))
    if data is None or not (data / perceiver.FILE).exists():
        impossible[consistency.PERCEPTUAL] = (
            f"no {perceiver.FILE} in its folder; {perceiver.WANTED}"
        )
    else:
        network = perceiver.open_perceiver(data / perceiver.FILE, image_shape, placement=placement)
        objectives.append(consistency.perceptual_distance(maker, teacher, network))
    if conditions.targets is not None:
        objectives += [
            paired_error(name, conditions.targets)
            for name in (mse.NAME, dssim.NAME)
            if name not in impossible
        ]
    if conditions.labels is None:
        impossible[miou_error.NAME] = f"the inputs of {dataset} are not label maps"
    elif data is None or not (data / FILE).exists():
        impossible[miou_error.NAME] = f"no {FILE} in its folder; {WANTED}"
    else:
        segmenter = open_segmenter(data / FILE, image_shape, placement=placement)
        objectives.append(MiouError(segmenter, conditions.labels))
    return Available(objectives=tuple(objectives), impossible=impossible)


def _why_not_paired(
    conditions: Conditions, image_shape: ImageShape, dataset: str
) -> dict[str, str]:
    if conditions.targets is None:
        why = f"in {dataset} no photograph belongs to an input: it is not paired"
        return dict.fromkeys((mse.NAME, dssim.NAME), why)
    found = conditions.targets.shape[1:]
    if found != image_shape:
        why = (
            f"it makes images of (channels, height, width) {image_shape}, the photographs of "
            f"{dataset} are {found}"
        )
        return dict.fromkeys((mse.NAME, dssim.NAME), why)
    if min(image_shape[1:]) < dssim.SIDE:
        return {dssim.NAME: f"SSIM needs images of at least {dssim.SIDE}x{dssim.SIDE}"}
    return {}
