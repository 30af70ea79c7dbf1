from functools import reduce

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from workers.layers.spade_moments import Moments


@given(st.lists(st.integers(2, 5), min_size=1, max_size=5), st.integers(0, 2**31))
def test_parts_merge_to_the_moments_of_the_whole(sizes: list[int], seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    parts = [torch.randn(n, 3, 2, 4, generator=g) * 3 + 5 for n in sizes]
    merged = reduce(Moments.merge, [Moments.of(part, width=3) for part in parts])
    variance, mean = torch.var_mean(torch.cat(parts).double(), (0, 2, 3))
    assert merged.count == sum(sizes) * 8
    assert_close(merged.mean, mean, atol=1e-5, rtol=1e-5)
    assert_close(merged.variance, variance, atol=1e-5, rtol=1e-5)


def test_channels_that_are_away_count_as_zeros() -> None:
    moments = Moments.of(torch.randn(2, 3, 4, 4), width=5)
    assert moments.mean.shape == (5,)
    assert moments.mean[:3].all()
    assert not moments.mean[3:].any()
    assert not moments.variance[3:].any()
