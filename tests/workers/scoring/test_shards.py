from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import MeasurementFailed
from workers.scoring.shards import ROWS, Shard, ShardName, Side, in_order, missing, plan


def made(name: ShardName, scale: float = 1.0) -> Shard:
    rows = np.arange(name.start, name.stop, dtype=np.float32)[:, None] * scale
    return Shard.of(name, rows)


@given(count=st.integers(0, 3_000), side=st.sampled_from(Side))
def test_every_image_is_in_exactly_one_shard(count: int, side: Side) -> None:
    names = plan(side, count)
    covered = [place for name in names for place in range(name.start, name.stop)]
    assert covered == list(range(count))
    assert [name.index for name in names] == list(range(len(names)))
    assert all(name.stop - name.start <= ROWS[side] for name in names)


@given(order=st.permutations(range(5)), twice=st.integers(0, 4))
def test_order_of_arrival_and_repeats_leave_no_trace(order: list[int], twice: int) -> None:
    names = plan(Side.FAKE, 2_300)
    shards = [made(names[place]) for place in (*order, twice)]
    rows = np.concatenate(in_order(names, shards))
    assert rows[:, 0].tolist() == list(range(2_300))


def test_a_lost_shard_is_named_and_never_passed_over() -> None:
    names = plan(Side.FAKE, 1_300)
    shards = [made(name) for name in names if name.index != 1]
    assert missing(names, shards) == [names[1]]
    with pytest.raises(
        MeasurementFailed, match="1 shards are missing or damaged, first fake-000001"
    ):
        in_order(names, shards)


def test_a_short_or_damaged_shard_counts_as_missing() -> None:
    names = plan(Side.REAL, 900)
    whole, second = (made(name) for name in names)
    short = Shard.of(names[1], second.features[:-1])
    damaged = replace(second, features=second.features + 1)
    assert missing(names, [whole, short]) == missing(names, [whole, damaged]) == [names[1]]


def test_one_shard_made_twice_with_other_features_is_refused() -> None:
    names = plan(Side.FAKE, 10)
    with pytest.raises(MeasurementFailed, match="fake-000000 was made twice with different"):
        in_order(names, [made(names[0]), made(names[0], 2.0)])
