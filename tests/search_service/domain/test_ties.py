"""All pairs at once have the ties that they have one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.domain import ties as module
from search_service.domain.evaluation import Value
from search_service.domain.paired import margin, tied
from search_service.domain.resampling import Resampling

SMALL = st.integers(-4, 4).map(float)


@st.composite
def values(draw: st.DrawFn) -> Value:
    number = draw(SMALL)
    high = draw(st.none() | st.integers(0, 3).map(lambda half: number + half))
    return Value(
        value=number,
        low=None if high is None else 2 * number - high,
        high=high,
        protocol_digest=draw(st.sampled_from(["", "p"])),
        replicates=tuple(draw(st.lists(SMALL, max_size=3))),
        resampling=draw(st.sampled_from(Resampling)),
    )


def all_ties(many: list[Value]) -> list[list[int]]:
    return [places.tolist() for places in module.all_ties(many).each()]


def one_by_one(many: list[Value]) -> list[list[int]]:
    return [[j for j, b in enumerate(many) if i != j and tied(a, b)] for i, a in enumerate(many)]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few values were very many."""
    monkeypatch.setattr(module, "_AT_ONCE", 2)


@given(st.lists(values(), max_size=6))
def test_each_pair_is_tied_as_it_is_alone(many: list[Value]) -> None:
    assert all_ties(many) == one_by_one(many)


def judged(rng: np.random.Generator, resampling: Resampling, spread: float) -> Value:
    """With noise of its own, and more that it has in common with all others."""
    value = float(rng.normal(20.0, spread))
    common = np.random.default_rng(7).normal(0, 0.5, 128)
    return Value(
        value=value,
        low=value - 1,
        high=value + 1,
        protocol_digest="p",
        replicates=tuple((value + common + rng.normal(0, 0.01, 128)).tolist()),
        resampling=resampling,
    )


@pytest.mark.parametrize(
    ("resampling", "spread"), [(Resampling.JACKKNIFE, 0.5), (Resampling.BOOTSTRAP, 0.02)]
)
def test_so_are_many_with_noise_in_common(resampling: Resampling, spread: float) -> None:
    rng = np.random.default_rng(0)
    many = [judged(rng, resampling, spread) for _ in range(200)]
    found = all_ties(many)
    assert 4000 < sum(map(len, found)) < 36_000
    assert found == one_by_one(many)


@pytest.mark.parametrize("seed", range(30))
def test_so_is_a_pair_whose_difference_is_its_margin_to_the_last_bit(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 1)  # so that it must be found to be near
    rng = np.random.default_rng(seed)
    a, b = (judged(rng, Resampling.BOOTSTRAP, 1.0) for _ in range(2))
    b = replace(b, value=a.value + margin(a, b))
    for number in (b.value, np.nextafter(b.value, np.inf), np.nextafter(b.value, 0.0)):
        near = replace(b, value=float(number))
        assert all_ties([a, near])[0] == [1] * tied(a, near)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("seed", range(40))
def test_so_are_those_that_noise_of_other_kinds_and_sizes_reaches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    many = []
    for _ in range(16):
        size = float(rng.choice([0.001, 0.1, 3.0]))
        value = float(rng.integers(8) if rng.random() < 0.5 else rng.normal(0, 10))
        high = None if rng.random() < 0.2 else value + size * float(rng.random())
        count = 8 if rng.random() < 0.7 else 0
        many.append(
            Value(
                value=value,
                high=high,
                protocol_digest=str(rng.integers(2)),
                replicates=tuple((value + rng.normal(0, size, count)).tolist()),
                resampling=list(Resampling)[rng.integers(2)],
            )
        )
    assert all_ties(many) == one_by_one(many)
