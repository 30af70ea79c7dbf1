"""The scores of `search_service.domain.score`, each estimated from features with its interval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import from_numpy

from workers.evaluators import density_coverage, inception_score, kernel_distance, precision_recall
from workers.evaluators.estimate import Estimate
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.frechet_estimate import FACTS, frechet_estimate
from workers.evaluators.jackknife import BLOCKS, INTERVAL, jackknife
from workers.evaluators.real_features import RealFeatures

Features = NDArray[Any]  # (n, d)


@dataclass(frozen=True, kw_only=True, eq=False)
class Against:
    """What features are scored against; `real` is None where only moments are known."""

    extractor: FeatureExtractor
    frechet: FrechetReference | None = None
    real: RealFeatures | None = None


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """`estimate` takes as many features as its score asks for, in any i.i.d. order; `facts` are
    what a value depends on besides the two sets of features."""

    estimate: Callable[[Features, Against], Estimate]
    facts: Mapping[str, Any]


def _fid(features: Features, against: Against) -> Estimate:
    assert against.frechet is not None
    return frechet_estimate(features, against.frechet)


def _kid(features: Features, against: Against) -> Estimate:
    assert against.real is not None
    reference = against.real.kernel
    sums = kernel_distance.features_to_sums(_blocks(features), reference)
    value = kernel_distance.sums_to_distance(sums, reference)
    rest = [kernel_distance.sums_to_distance(sums, reference, i) for i in range(BLOCKS)]
    return jackknife(value, rest, least=-np.inf)


def _inception_score(features: Features, against: Against) -> Estimate:
    logits = against.extractor.logits(from_numpy(features)).numpy()
    logs = inception_score.logits_to_log_probabilities(logits)
    rest = [inception_score.score_of_splits(part) for part in _without_each(_blocks(logs))]
    value = inception_score.score_of_splits(logs)
    return jackknife(value, rest, least=1.0, most=float(logs.shape[1]))


def _precision(features: Features, against: Against) -> Estimate:
    assert against.real is not None
    manifold = against.real.manifold(precision_recall.NEIGHBOURS)
    inside = precision_recall.within(features, manifold)
    rest = [float(part.mean()) for part in _without_each(_blocks(inside))]
    return jackknife(float(inside.mean()), rest, most=1.0)


def _recall(features: Features, against: Against) -> Estimate:
    assert against.real is not None
    value, rest = precision_recall.recall_without(_blocks(features), against.real.features)
    return jackknife(value, rest, most=1.0)


def _density(features: Features, against: Against) -> Estimate:
    found = _overlap(features, against)
    rest = [
        density_coverage.overlap_to_density(part) for part in _without_each(_blocks(found.balls))
    ]
    return jackknife(density_coverage.overlap_to_density(found.balls), rest)


def _coverage(features: Features, against: Against) -> Estimate:
    holds = _overlap(features, against).holds
    rest = [
        density_coverage.overlap_to_coverage(np.delete(holds, place, axis=1))
        for place in range(BLOCKS)
    ]
    return jackknife(density_coverage.overlap_to_coverage(holds), rest, most=1.0)


def _overlap(features: Features, against: Against) -> density_coverage.Overlap:
    assert against.real is not None
    manifold = against.real.manifold(density_coverage.NEIGHBOURS)
    return density_coverage.features_to_overlap(_blocks(features), manifold)


def _blocks(rows: NDArray[Any]) -> list[NDArray[Any]]:
    return np.array_split(rows, BLOCKS)


def _without_each(blocks: list[NDArray[Any]]) -> list[NDArray[Any]]:
    return [np.concatenate(blocks[:i] + blocks[i + 1 :]) for i in range(len(blocks))]


_NEAREST = {"interval": INTERVAL, "neighbours": precision_recall.NEIGHBOURS}
_BALLS = {"interval": INTERVAL, "neighbours": density_coverage.NEIGHBOURS}

ESTIMATORS: Mapping[str, Estimator] = {
    "fid": Estimator(estimate=_fid, facts=FACTS),
    "kid": Estimator(estimate=_kid, facts={"interval": INTERVAL, "kernel": kernel_distance.KERNEL}),
    "is": Estimator(
        estimate=_inception_score, facts={"interval": INTERVAL, "splits": inception_score.SPLITS}
    ),
    "precision": Estimator(estimate=_precision, facts=_NEAREST),
    "recall": Estimator(estimate=_recall, facts=_NEAREST),
    "density": Estimator(estimate=_density, facts=_BALLS),
    "coverage": Estimator(estimate=_coverage, facts=_BALLS),
}
