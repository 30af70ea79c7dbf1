"""From features to scores, each with its interval and everything it depends on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.measurement import Protocol
from search_service.domain.score import SCORES
from search_service.errors import InvalidInput
from workers.evaluators.feature_objective import extractor_facts
from workers.evaluators.feature_scores import ESTIMATORS, Against
from workers.scoring.extrapolation import SPLIT_HALF, split_half


def report(
    features: NDArray[np.float32],
    metrics: Sequence[str],
    against: Against,
    *,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """By metric: value, interval, direction, samples and protocol; with `fid` the limit for
    infinitely many images. `facts`: of the images and of the reference.

    Raises InvalidInput for fewer images than a metric takes, or features that are not finite, or a
    metric that the extractor cannot tell.
    """
    if not np.isfinite(features).all():
        raise InvalidInput("the features of the images hold NaN or inf")
    return {name: _one(name, features, against, facts) for name in metrics}


def _one(
    name: str, features: NDArray[np.float32], against: Against, facts: Mapping[str, Any]
) -> dict[str, Any]:
    score = SCORES[name]
    if len(features) < score.min_samples:
        raise InvalidInput(
            f"{name} takes at least {score.min_samples} samples, got {len(features)}"
        )
    if name == "is" and not against.extractor.classes:
        raise InvalidInput(f"is needs classes, and {against.extractor.name} has none")
    found = ESTIMATORS[name].estimate(features, against)
    real = against.real if score.needs_reals else None
    parameters = {
        **extractor_facts(against),
        **ESTIMATORS[name].facts,
        **facts,
        **({"reference_used": len(real.features)} if real is not None else {}),
        "samples": len(features),
    }
    told = {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "samples": len(features),
        "more_is_better": score.more_is_better,
        "protocol_digest": Protocol(objective=score.objective, parameters=parameters).digest,
        "protocol": parameters,
    }
    if name == "fid":
        assert against.frechet is not None
        told["limit"] = {"value": split_half(features, against.frechet), "by": SPLIT_HALF}
    return told
