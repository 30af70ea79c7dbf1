"""The objectives: what may be minimised or constrained, with direction and unit in one table."""

from dataclasses import dataclass
from enum import StrEnum

from search_service.domain.score import SCORES
from search_service.errors import UnknownName

FEW = 8  # images that tell architectures apart by errors whose noise is common to all


class Source(StrEnum):
    """Where an objective's value comes from, cheapest first."""

    CLOSED_FORM = "closed_form"  # the space knows it exactly, without any network
    DEVICE = "device"  # timed on a named device
    IMAGES = "images"  # estimated from generated images; has a sample count and noise


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A named quantity. All are minimised: what is usually maximised is given as what is missing
    of it."""

    name: str
    unit: str
    source: Source
    description: str
    min_samples: int = 0  # images, for an estimate with an interval


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            name="fid",
            unit="",
            source=Source.IMAGES,
            description="squared Fréchet distance of feature statistics to the real images'",
            min_samples=SCORES["fid"].min_samples,
        ),
        Objective(
            name="fid_own_resolution",
            unit="",
            source=Source.IMAGES,
            description="FID to real images reduced to the architecture's own resolution",
            min_samples=SCORES["fid"].min_samples,
        ),
        Objective(
            name="kid",
            unit="",
            source=Source.IMAGES,
            description="kernel distance of features to real images', unbiased: may be negative",
            min_samples=SCORES["kid"].min_samples,
        ),
        Objective(
            name="is_error",
            unit="",
            source=Source.IMAGES,
            description="1 - inception score / classes of the feature extractor",
            min_samples=SCORES["is"].min_samples,
        ),
        Objective(
            name="precision_error",
            unit="",
            source=Source.IMAGES,
            description="1 - improved precision: share of images that lie apart from the real ones",
            min_samples=SCORES["precision"].min_samples,
        ),
        Objective(
            name="recall_error",
            unit="",
            source=Source.IMAGES,
            description="1 - improved recall: share of real images that lie apart from these",
            min_samples=SCORES["recall"].min_samples,
        ),
        Objective(
            name="density_error",
            unit="",
            source=Source.IMAGES,
            description="1 - density; negative where images lie closer together than real ones",
            min_samples=SCORES["density"].min_samples,
        ),
        Objective(
            name="coverage_error",
            unit="",
            source=Source.IMAGES,
            description="1 - coverage: share of real images' neighbourhoods that hold no image",
            min_samples=SCORES["coverage"].min_samples,
        ),
        Objective(
            name="mse",
            unit="",
            source=Source.IMAGES,
            description="mean squared error to the photographs that belong to the inputs, levels "
            "in [0, 1]; PSNR in dB is -10 log10 of it",
            min_samples=FEW,
        ),
        Objective(
            name="dssim",
            unit="",
            source=Source.IMAGES,
            description="(1 - SSIM) / 2 to the photographs that belong to the inputs",
            min_samples=FEW,
        ),
        Objective(
            name="miou_error",
            unit="",
            source=Source.IMAGES,
            description="1 - mIoU of the label maps and what the user's segmentation network sees",
            min_samples=FEW,
        ),
        Objective(
            name="teacher_distance",
            unit="",
            source=Source.IMAGES,
            description="mean absolute difference, levels in [0, 1], to the images that the "
            "teacher, the supernet's largest architecture, makes of the same inputs",
            min_samples=FEW,
        ),
        Objective(
            name="feature_distance",
            unit="",
            source=Source.IMAGES,
            description="mean squared difference of the features by which FID is judged, to those "
            "of the largest architecture's images of the same inputs",
            min_samples=FEW,
        ),
        Objective(
            name="perceptual_distance",
            unit="",
            source=Source.IMAGES,
            description="squared distance of unit feature vectors of the user's network, to those "
            "of the largest architecture's images of the same inputs",
            min_samples=FEW,
        ),
        Objective(
            name="latency_ms",
            unit="ms",
            source=Source.DEVICE,
            description="time of one image, batch 1, on a named device",
        ),
        Objective(
            name="macs",
            unit="",
            source=Source.CLOSED_FORM,
            description="multiply-accumulates of one image: convolutions and linear layers",
        ),
        Objective(
            name="params",
            unit="",
            source=Source.CLOSED_FORM,
            description="trainable parameters of the extracted subnet",
        ),
    )
}


def objective(name: str, *, pointer: str = "") -> Objective:
    """Look an objective up; raises UnknownName with the known ones."""
    if name not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        raise UnknownName(f"unknown objective {name!r}; known: {known}", pointer=pointer)
    return OBJECTIVES[name]
