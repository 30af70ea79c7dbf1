"""A supernet with its weights, and how it is run when it is judged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers import supernets
from workers.evaluation.sharing import fill_with_views
from workers.evaluators.calibrated import CalibratedSupernet
from workers.evaluators.conditions import open_maps
from workers.evaluators.image_maker import Generator
from workers.evaluators.placement import CPU
from workers.supernets.gan_compression.spade import SpadeSupernet

REFERENCE_SPLIT = "train"  # of the data set; a search is not shown the test images


class RunnableSupernet(supernets.Supernet, Protocol):
    """A supernet with its weights, for inference."""

    def __call__(self, x: Tensor, architecture: Architecture, /) -> Tensor:
        """Latents (n, size) or images to float images (n, c, h, w)."""
        ...


def load_supernet(
    family: str,
    parameters: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    *,
    placement: torch.device = CPU,
) -> RunnableSupernet:
    """The supernet on these weights, for inference: on the CPU they stay where they are, and must
    not change; one placed elsewhere is a copy. Raises InvalidFile when they do not fit."""
    supernet = supernets.build(family, parameters)
    fill_with_views(supernet, weights, source="the checkpoint")
    return cast(RunnableSupernet, supernet.eval().requires_grad_(False).to(placement))


def as_judged(
    supernet: RunnableSupernet, dataset: str, data: Path | None, *, placement: torch.device = CPU
) -> tuple[Generator, Mapping[str, Any]]:
    """What is run when a supernet placed there is judged, and what a protocol says of how
    it runs.

    Raises as `open_maps` does.
    """
    if not isinstance(supernet, SpadeSupernet):
        return supernet, {}
    training = open_maps(supernet.space.parameters, dataset, REFERENCE_SPLIT, data)
    calibrated = CalibratedSupernet(supernet, training, placement=placement)
    return calibrated, calibrated.facts
