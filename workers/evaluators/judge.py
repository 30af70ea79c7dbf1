"""Judges an architecture: its images are made once, and any objective is estimated from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from search_service.domain.objective import OBJECTIVES
from search_service.domain.space import Architecture
from search_service.errors import InvalidInput
from workers.evaluators.estimate import Estimate
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.image_objective import ImageObjective
from workers.evaluators.judged import Judged
from workers.evaluators.latents import SHARD
from workers.evaluators.stopwatch import Stopwatch
from workers.images import grid, png

SHOWN = 16  # images of the PNG, in a square
KEPT_BYTES = 64 << 20  # of an architecture's images; what lies beyond is made again when needed


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The estimate from the first `samples` images; `judged` continues to more of them."""

    estimate: Estimate
    samples: int
    png: bytes
    judged: Judged = field(repr=False)
    seconds: Mapping[str, float]  # wall time of its arithmetic: generate, score, estimate


class ImageJudge:
    """Judges architectures of one supernet by any of its objectives, all on the same inputs."""

    def __init__(self, maker: ImageMaker, objectives: Sequence[ImageObjective]) -> None:
        self._maker = maker
        self.objectives = {objective.name: objective for objective in objectives}

    def with_objective(self, objective: ImageObjective) -> "ImageJudge":
        """The same with this objective in the place of the one of its name."""
        others = {**self.objectives, objective.name: objective}
        return ImageJudge(self._maker, list(others.values()))

    def protocol(self, name: str) -> Mapping[str, Any]:
        """What a value depends on besides the architecture, the sample count and the seed."""
        return {**self.objectives[name].facts, **self._maker.facts}

    def measure(
        self,
        name: str,
        architecture: Architecture,
        *,
        samples: int,
        seed: int,
        judged: Judged | None = None,
    ) -> Judgement:
        """`judged`: of an earlier call for the same architecture and seed, by any objective; it is
        not redone.

        The value is the same to the last bit with and without it: only whole shards are made.
        Raises MeasurementFailed when an image is not finite, InvalidInput for too few samples, or
        more than there are inputs.
        """
        least, count = OBJECTIVES[name].min_samples, self._maker.inputs.count
        if samples < least:
            raise InvalidInput(f"{name} takes at least {least} samples, got {samples}")
        if count is not None and samples > count:
            raise InvalidInput(f"there are {count} inputs, too few for {samples}")
        clock = Stopwatch()
        objective = self.objectives[name]
        judged = self._judge(objective, architecture, samples, seed, judged, clock)
        with clock("estimate"):
            rows = judged.rows[objective.rows_name][:samples]
            estimate = objective.estimate(rows, architecture)
        return Judgement(
            estimate=estimate,
            samples=samples,
            png=png(grid(judged.shown, int(len(judged.shown) ** 0.5))),
            judged=judged,
            seconds=clock.seconds,
        )

    def _judge(
        self,
        objective: ImageObjective,
        architecture: Architecture,
        samples: int,
        seed: int,
        judged: Judged | None,
        clock: Stopwatch,
    ) -> Judged:
        known = {} if judged is None else dict(judged.rows)
        kept = [] if judged is None else list(judged.pixels)
        shown = None if judged is None else judged.shown
        rows = [known[objective.rows_name]] if objective.rows_name in known else []
        done = -(-sum(map(len, rows)) // SHARD)
        for index in range(done, -(-samples // SHARD)):
            if index < len(kept):
                pixels = torch.from_numpy(kept[index])
            else:
                pixels = self._make(architecture, seed, index, clock)
                size = sum(shard.nbytes for shard in kept) + pixels.nbytes
                if index == len(kept) and size <= KEPT_BYTES:
                    kept.append(pixels.numpy())
            with clock("score"):
                rows.append(objective.rows(pixels, seed=seed, index=index))
            shown = pixels[:SHOWN].numpy().copy() if shown is None else shown
        assert shown is not None
        known[objective.rows_name] = np.concatenate(rows)
        return Judged(rows=known, pixels=tuple(kept), shown=shown)

    def _make(self, architecture: Architecture, seed: int, index: int, clock: Stopwatch) -> Tensor:
        # All of it: a GPU only takes note of what it is to run, until the images are asked for.
        with clock("generate"):
            return self._maker.shard(architecture, seed, index)
