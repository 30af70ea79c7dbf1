"""The Fréchet distance with both its noises: its own, and what it shares with others' in replicates
by which differences are judged."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from search_service.domain.resampling import Resampling
from workers.evaluators.bootstrap import DIFFERENCES, frechet_replicates
from workers.evaluators.estimate import Estimate
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.jackknife import INTERVAL, frechet_interval

FACTS: Mapping[str, Any] = {"covariance": "n-1", "interval": INTERVAL, "differences": DIFFERENCES}


def frechet_estimate(features: NDArray[Any], reference: FrechetReference) -> Estimate:
    """Of features (n, d), n at least 32, in any i.i.d. order. The interval is the jackknife's, the
    replicates are the bootstrap's."""
    return replace(
        frechet_interval(features, reference),
        replicates=frechet_replicates(features, reference),
        resampling=Resampling.BOOTSTRAP,
    )
