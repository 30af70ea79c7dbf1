"""FID of an architecture: its images, their features, and the distance to the real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput, MeasurementFailed
from workers.evaluators.estimate import Estimate
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.inputs import Inputs
from workers.evaluators.jackknife import BLOCKS, INTERVAL, frechet_estimate
from workers.evaluators.latents import SHARD
from workers.evaluators.reference import Reference
from workers.evaluators.stopwatch import Stopwatch
from workers.images import QUANTISER, UPSAMPLING, grid, png, to_uint8, upsample

SHOWN = 16  # images of the PNG, in a square


class Generator(Protocol):
    """The part of a supernet that is judged."""

    def __call__(self, x: Tensor, architecture: Architecture, /) -> Tensor:
        """Latents or images to float images (n, c, r, r), nominally in [-1, 1]."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What is known of one architecture's images under one seed: whole shards, in order."""

    features: NDArray[np.float32]  # (n, d)
    shown: NDArray[np.uint8]  # the first images, (at most SHOWN, c, side, side)


@dataclass(frozen=True, kw_only=True)
class FidResult:
    """The estimate from the first `samples` images; `judged` continues to more of them."""

    estimate: Estimate
    samples: int
    png: bytes
    judged: Judged = field(repr=False)
    seconds: Mapping[str, float]  # wall time of its arithmetic: generate, extract, distance


class FidEvaluator:
    """Judges architectures of one supernet by one extractor against one reference."""

    def __init__(
        self,
        supernet: Generator,
        *,
        inputs: Inputs,
        side: int,  # of the full output; smaller ones are brought up to it
        extractor: FeatureExtractor,
        reference: Reference,
    ) -> None:
        self._supernet = supernet
        self._inputs = inputs
        self._side = side
        self._extractor = extractor
        self._reference = reference

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What a value depends on besides the architecture, the sample count and the seed."""
        return {
            "extractor": self._extractor.name,
            "extractor_digest": self._extractor.digest,
            "reference": f"{self._reference.dataset}.{self._reference.split}",
            "reference_count": self._reference.frechet.statistics.count,
            "reference_digest": self._reference.digest,
            **self._inputs.facts,
            "side": self._side,
            "upsampling": UPSAMPLING,
            "quantiser": QUANTISER,
            "interval": INTERVAL,
        }

    def measure(
        self, architecture: Architecture, *, samples: int, seed: int, judged: Judged | None = None
    ) -> FidResult:
        """`judged`: of an earlier call for the same architecture and seed; it is not redone.

        The value is the same to the last bit with and without it: only whole shards are made.
        Raises MeasurementFailed when an image is not finite, InvalidInput for too few samples, or
        more than there are inputs.
        """
        if samples < 2 * BLOCKS:
            raise InvalidInput(f"an FID takes at least {2 * BLOCKS} samples, got {samples}")
        if self._inputs.count is not None and samples > self._inputs.count:
            raise InvalidInput(f"there are {self._inputs.count} inputs, too few for {samples}")
        clock = Stopwatch()
        judged = self._judge(architecture, samples, seed, judged, clock)
        with clock("distance"):
            estimate = frechet_estimate(judged.features[:samples], self._reference.frechet)
        columns = int(len(judged.shown) ** 0.5)
        picture = png(grid(judged.shown, columns))
        return FidResult(
            estimate=estimate,
            samples=samples,
            png=picture,
            judged=judged,
            seconds=clock.seconds,
        )

    @torch.inference_mode()
    def _judge(
        self,
        architecture: Architecture,
        samples: int,
        seed: int,
        judged: Judged | None,
        clock: Stopwatch,
    ) -> Judged:
        done = 0 if judged is None else len(judged.features) // SHARD
        features = [] if judged is None else [judged.features]
        shown = None if judged is None else judged.shown
        for index in range(done, -(-samples // SHARD)):
            x = self._inputs.shard(seed, index)
            with clock("generate"):
                images = self._supernet(x, architecture)  # (n, c, r, r)
            if not torch.isfinite(images).all():
                raise MeasurementFailed(f"architecture {architecture} makes images with NaN or inf")
            pixels = to_uint8(upsample(images, self._side))  # (n, c, side, side)
            with clock("extract"):
                features.append(self._extractor(pixels).numpy())
            shown = pixels[:SHOWN].numpy() if shown is None else shown
        assert shown is not None
        return Judged(features=np.concatenate(features), shown=shown)
