"""Closed forms against the recorded counts of the published network."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_service import spaces
from search_service.domain.space import architecture_at, indices_of, sample
from search_service.spaces import anycost_cost
from search_service.spaces.anycost import AnycostSpace

TABLE = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "anycost" / "macs_1024.json").read_text()
)
FULL = tuple(TABLE["uniform"][0]["channels"])
CONFIG_F = anycost_cost.Size(full=FULL, style_dim=512, mapping_layers=8, image_channels=3)


def widths(row: dict[str, Any]) -> anycost_cost.Widths:
    return tuple(row["channels"][: AnycostSpace.live_entries(row["res"])])


@pytest.mark.parametrize("row", TABLE["uniform"] + TABLE["evolve"])
def test_both_conventions_equal_the_recorded_counts_to_the_integer(row: dict[str, Any]) -> None:
    published = anycost_cost.published_macs(CONFIG_F, widths(row))
    assert published == row["repo_convention_total"]
    assert published == row.get("published_macs", published)
    assert anycost_cost.true_macs(CONFIG_F, widths(row)) == row["true_macs_conv_linear"]


def test_parameters_of_the_published_generators() -> None:
    assert anycost_cost.params(CONFIG_F, FULL) == 30_370_060


@pytest.mark.parametrize("seed", range(5))
def test_every_cost_grows_with_every_option(seed: int) -> None:
    space = spaces.build("anycost", {"resolution": 64, "channel_multiplier": 0.125})
    index = indices_of(space, sample(space, np.random.default_rng(seed)))
    for i, choice in enumerate(space.choices):
        at = [
            architecture_at(space, (*index[:i], option, *index[i + 1 :]))
            for option in range(len(choice.options))
        ]
        for costs in ([space.macs(a) for a in at], [space.params(a) for a in at]):
            assert costs == sorted(costs)


def test_a_space_counts_the_published_network_as_the_table_does() -> None:
    space = spaces.build("anycost", {"resolution": 1024})
    assert isinstance(space, AnycostSpace)
    for row in TABLE["uniform"]:
        architecture = space.uniform(row["ratio"], row["res"])
        assert space.macs(architecture, published=True) == row["repo_convention_total"]
        assert space.macs(architecture) == row["true_macs_conv_linear"]


def test_classes_cost_an_embedding_and_a_wider_first_layer() -> None:
    labelled = replace(CONFIG_F, classes=10)
    weights = 10 * 512 + 512 * 512
    spared = anycost_cost.params(labelled, FULL) - anycost_cost.params(CONFIG_F, FULL)
    assert spared == weights + 512
    macs = anycost_cost.true_macs(labelled, FULL) - anycost_cost.true_macs(CONFIG_F, FULL)
    assert macs == weights
    published = [anycost_cost.published_macs(size, FULL) for size in (CONFIG_F, labelled)]
    assert published[1] - published[0] == 2 * weights + (1 + 512) + 512


def test_grey_images_cost_two_channels_less_at_every_level() -> None:
    grey = anycost_cost.Size(full=FULL, style_dim=512, mapping_layers=8, image_channels=1)
    levels = FULL[1::2]
    spared = anycost_cost.params(CONFIG_F, FULL) - anycost_cost.params(grey, FULL)
    assert spared == sum(2 * width + 2 for width in levels)
