"""An objective estimated from features: what is missing of a score, or the score where less is
better."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.score import SCORES
from search_service.domain.space import Architecture
from workers.evaluators.estimate import Estimate
from workers.evaluators.feature_scores import ESTIMATORS, Against
from workers.evaluators.image_objective import FEATURES


class FeatureObjective:
    """By one extractor, against one set of real images. See ImageObjective."""

    rows_name = FEATURES

    def __init__(self, score: str, against: Against) -> None:
        """`score` is a name of SCORES; IS is told as a share of the classes there are."""
        self.name = SCORES[score].objective
        self._score = SCORES[score]
        self._against = against
        self._unit = 1.0 / against.extractor.classes if score == "is" else 1.0

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        facts = {**extractor_facts(self._against), **ESTIMATORS[self._score.name].facts}
        real = self._against.real
        if real is None or not self._score.needs_reals:
            return facts
        return facts | {
            "reference": real.name,
            "reference_count": len(real.features),
            "reference_digest": real.digest,
        }

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.float32]:
        """Features (n, d)."""
        del seed, index
        features: NDArray[np.float32] = self._against.extractor(pixels).numpy()
        return features

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective."""
        del architecture
        found = ESTIMATORS[self._score.name].estimate(rows, self._against).times(self._unit)
        return found.missing_of(1.0) if self._score.more_is_better else found


def extractor_facts(against: Against) -> dict[str, Any]:
    """What features depend on besides the images."""
    extractor = against.extractor
    return {
        "extractor": extractor.name,
        "extractor_digest": extractor.digest,
        **extractor.facts,
    }
