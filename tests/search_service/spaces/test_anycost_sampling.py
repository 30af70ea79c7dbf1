"""The modes in which a training draws subnets, against what the published sampler returned."""

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import InvalidInput
from search_service.spaces.anycost import RATIOS, AnycostParameters, AnycostSpace
from search_service.spaces.anycost_sampling import MODES, draw

RECORDED = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "anycost" / "sampling_1024.json").read_text()
)
CONFIG_F = AnycostSpace(AnycostParameters(resolution=1024))
SMALL = AnycostSpace(AnycostParameters(resolution=32, channel_multiplier=1 / 16, channel_max=96))


@pytest.mark.parametrize(
    "call", RECORDED["calls"], ids=lambda call: f"{call['mode']} {call['seed']}"
)
def test_a_recorded_seed_gives_the_recorded_net(call: dict[str, Any]) -> None:
    drawn = draw(call["mode"], CONFIG_F, Random(call["seed"]))
    assert list(drawn.ratios) == call["ratios"]
    unrestricted = call["channels"] == "full (no restriction set)"
    expected = RECORDED["full"] if unrestricted else call["channels"]
    assert list(CONFIG_F.channels(drawn.architecture)) == expected


def test_the_full_and_the_uniform_widths_are_the_recorded_ones() -> None:
    assert list(CONFIG_F.full_channels) == RECORDED["full"]
    assert {str(ratio) for ratio in RATIOS} == RECORDED["uniform"].keys()
    for ratio, widths in RECORDED["uniform"].items():
        assert list(CONFIG_F.channels(CONFIG_F.uniform(float(ratio)))) == widths


@given(mode=st.sampled_from(MODES), seed=st.integers(0, 2**32), side=st.sampled_from([8, 16, 32]))
def test_a_drawn_net_is_one_of_the_space_at_that_side(mode: str, seed: int, side: int) -> None:
    drawn = draw(mode, SMALL, Random(seed), side=side)
    assert SMALL.parse(str(drawn.architecture)) == drawn.architecture
    assert drawn.architecture.options[0] == side
    assert len(drawn.ratios) == len(SMALL.full_channels)
    assert set(drawn.ratios) <= set(RATIOS)


@given(seed=st.integers(0, 2**32))
def test_flexible_ratios_are_those_of_the_live_entries(seed: int) -> None:
    drawn = draw("flexible", SMALL, Random(seed), side=16)
    live = SMALL.live_entries(16)
    assert drawn.ratios[:live] == drawn.architecture.options[1 : 1 + live]


def test_flexible_draws_every_option_of_an_entry_alike() -> None:
    rng, count = Random(0), 1000
    choice = SMALL.choices[-1]
    seen = Counter(draw("flexible", SMALL, rng).ratios[-1] for _ in range(count))
    share = count / len(choice.options)
    assert set(seen) == set(choice.options)
    assert all(abs(times - share) < 5 * share**0.5 for times in seen.values())


@pytest.mark.parametrize(("full", "smallest"), [(0.25, 0.25), (0.6, 0.1), (0.0, 0.0)])
def test_a_sandwich_has_its_shares_of_both_ends(full: float, smallest: float) -> None:
    rng, count = Random(1), 1000
    nets = [
        draw("sandwich", SMALL, rng, full=full, smallest=smallest).architecture
        for _ in range(count)
    ]
    for ratio, share in ((1.0, full), (0.25, smallest)):
        found = sum(net == SMALL.uniform(ratio) for net in nets)
        assert abs(found - share * count) <= 5 * (share * count) ** 0.5


def test_the_smallest_net_s_label_is_its_multiplier_where_the_cap_keeps_it_wide() -> None:
    drawn = draw("sandwich", CONFIG_F, Random(0), full=0.0, smallest=1.0)
    assert drawn.ratios == (0.25,) * 18
    assert CONFIG_F.channels(drawn.architecture)[0] == 512


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"mode": "random"}, "one of uniform, flexible, sandwich, got 'random'"),
        ({"side": 4}, "one of 8, 16, 32, got 4"),
        ({"side": 64}, "one of 8, 16, 32, got 64"),
        ({"full": 0.8}, "together at most 1, got 0.8 and 0.25"),
        ({"smallest": -0.1}, "must be at least 0, .* got 0.25 and -0.1"),
    ],
)
def test_a_draw_that_cannot_be_is_refused(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        draw(**{"mode": "sandwich", "space": SMALL, "rng": Random(0), **given_})
