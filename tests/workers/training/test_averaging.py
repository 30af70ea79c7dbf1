import pytest
import torch
from torch import nn
from torch.testing import assert_close

from search_service.recipes.anycost import Averaging
from workers.training.averaging import decay, update_average

STEADY = Averaging(half_life=1000.0, rampup=1.0)


@pytest.mark.parametrize("batch", [1, 8, 40])
def test_half_of_the_old_is_left_after_a_half_life_at_any_batch_size(batch: int) -> None:
    kept = decay(STEADY, images_seen=10_000, batch=batch) ** (1000 / batch)
    assert kept == pytest.approx(0.5)


def test_early_on_the_average_forgets_faster() -> None:
    settings = Averaging(half_life=1000.0, rampup=0.05)
    early, late = (decay(settings, images_seen=seen, batch=8) for seen in (100, 100_000))
    assert early < late == pytest.approx(0.5 ** (8 / 1000))


def test_the_average_moves_towards_the_live_weights() -> None:
    average, live = nn.Linear(3, 2), nn.Linear(3, 2)
    expected = 0.9 * average.weight + 0.1 * live.weight
    update_average(average, live, 0.9)
    assert_close(average.weight, expected)
    assert not torch.equal(average.weight, live.weight)
