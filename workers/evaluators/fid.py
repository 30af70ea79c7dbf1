"""`fid`: the distance between features of an architecture's images and of the real ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators.estimate import Estimate
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.frechet_estimate import FACTS, frechet_estimate
from workers.evaluators.image_maker import Generator, ImageMaker
from workers.evaluators.image_objective import FEATURES
from workers.evaluators.inputs import Inputs
from workers.evaluators.judge import ImageJudge, Judgement
from workers.evaluators.judged import Judged
from workers.evaluators.reference import Reference

NAME = "fid"


class Fid:
    """By one extractor, against one reference. See ImageObjective."""

    name = NAME
    rows_name = FEATURES

    def __init__(self, extractor: FeatureExtractor, reference: Reference) -> None:
        self.extractor = extractor
        self.reference = reference

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        return {
            "extractor": self.extractor.name,
            "extractor_digest": self.extractor.digest,
            **self.extractor.facts,
            "reference": f"{self.reference.dataset}.{self.reference.split}",
            "reference_count": self.reference.frechet.statistics.count,
            "reference_digest": self.reference.digest,
            **FACTS,
        }

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.float32]:
        """Features (n, d)."""
        del seed, index
        features: NDArray[np.float32] = self.extractor(pixels).numpy()
        return features

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective."""
        del architecture
        return frechet_estimate(rows, self.reference.frechet)


class FidEvaluator:
    """Judges architectures of one supernet by this alone."""

    def __init__(
        self,
        supernet: Generator,
        *,
        inputs: Inputs,
        side: int,  # of the full output; smaller ones are brought up to it
        extractor: FeatureExtractor,
        reference: Reference,
    ) -> None:
        maker = ImageMaker(supernet, inputs=inputs, side=side)
        self._judge = ImageJudge(maker, [Fid(extractor, reference)])

    @property
    def protocol(self) -> Mapping[str, Any]:
        """See ImageJudge."""
        return self._judge.protocol(NAME)

    def measure(
        self, architecture: Architecture, *, samples: int, seed: int, judged: Judged | None = None
    ) -> Judgement:
        """See ImageJudge."""
        return self._judge.measure(NAME, architecture, samples=samples, seed=seed, judged=judged)
