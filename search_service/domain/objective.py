"""The objectives: what may be minimised or constrained, with direction and unit in one table."""

from dataclasses import dataclass
from enum import StrEnum

from search_service.errors import UnknownName

MIN_SAMPLES = 32  # images, for an estimate with an interval


class Source(StrEnum):
    """Where an objective's value comes from, cheapest first."""

    CLOSED_FORM = "closed_form"  # the space knows it exactly, without any network
    DEVICE = "device"  # timed on a named device
    IMAGES = "images"  # estimated from generated images; has a sample count and noise


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A named quantity. All are minimised."""

    name: str
    unit: str
    source: Source
    description: str


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            name="fid",
            unit="",
            source=Source.IMAGES,
            description="squared Fréchet distance of feature statistics to the real images'",
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
