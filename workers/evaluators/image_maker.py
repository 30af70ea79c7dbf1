"""Makes an architecture's images on shared inputs: full-sided, quantised, shard by shard."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.errors import MeasurementFailed
from workers.evaluators.inputs import Inputs
from workers.evaluators.placement import CPU
from workers.images import QUANTISER, UPSAMPLING, to_uint8, upsample


class Generator(Protocol):
    """The part of a supernet that is judged."""

    def __call__(self, x: Tensor, architecture: Architecture, /) -> Tensor:
        """Latents or images to float images (n, c, h, w), nominally in [-1, 1]."""
        ...


class ImageMaker:
    """`side` is the width of the full output; smaller images are brought up to it."""

    def __init__(
        self,
        supernet: Generator,
        *,
        inputs: Inputs,
        side: int,
        facts: Mapping[str, Any] | None = None,  # what a protocol says of the supernet's running
        placement: torch.device = CPU,  # where the supernet is
    ) -> None:
        self._supernet = supernet
        self._side = side
        self._facts = facts or {}
        self._placement = placement
        self.inputs = inputs

    @property
    def facts(self) -> Mapping[str, Any]:
        """What a protocol says of the images."""
        return {
            **self.inputs.facts,
            **self._facts,
            "side": self._side,
            "upsampling": UPSAMPLING,
            "quantiser": QUANTISER,
        }

    @torch.inference_mode()
    def shard(self, architecture: Architecture, seed: int, index: int) -> Tensor:
        """What the generator makes of a shard of inputs: uint8 (n, c, side's height, side), on the
        CPU. Raises MeasurementFailed unless all are finite."""
        images = self._supernet(self.inputs.shard(seed, index).to(self._placement), architecture)
        if not torch.isfinite(images).all():
            raise MeasurementFailed(f"architecture {architecture} makes images with NaN or inf")
        return to_uint8(upsample(images, self._side)).cpu()
