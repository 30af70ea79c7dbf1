import numpy as np
import pytest

from search_service.domain.resampling import Resampling
from workers.evaluators.bootstrap import REPLICATES, frechet_replicates
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.frechet_estimate import FACTS, frechet_estimate
from workers.evaluators.jackknife import frechet_interval
from workers.evaluators.statistics import features_to_statistics


@pytest.mark.parametrize("count", [32, 300])
def test_the_interval_is_the_jackknifes_and_the_replicates_are_the_bootstraps(count: int) -> None:
    rng = np.random.default_rng(0)
    reference = FrechetReference(statistics=features_to_statistics(rng.normal(size=(500, 8))))
    sample = rng.normal(0.3, 1.0, (count, 8))
    found, alone = frechet_estimate(sample, reference), frechet_interval(sample, reference)
    assert (found.value, found.low, found.high) == (alone.value, alone.low, alone.high)
    assert found.replicates == frechet_replicates(sample, reference)
    assert len(found.replicates) == REPLICATES
    assert found.resampling is Resampling.BOOTSTRAP
    assert alone.resampling is Resampling.JACKKNIFE


def test_a_protocol_says_both() -> None:
    assert FACTS["interval"] == "jackknife-16"
    assert FACTS["differences"] == f"bootstrap-{REPLICATES}"
