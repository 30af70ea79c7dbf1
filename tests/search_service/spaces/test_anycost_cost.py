"""Closed forms against the recorded counts of the published network."""

import json
from pathlib import Path
from typing import Any

import pytest

from search_service.spaces import anycost_cost

TABLE = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "anycost" / "macs_1024.json").read_text()
)
FULL = tuple(TABLE["uniform"][0]["channels"])
CONFIG_F = anycost_cost.Size(full=FULL, style_dim=512, mapping_layers=8, image_channels=3)


def widths(row: dict[str, Any]) -> list[int]:
    live = 2 * (row["res"].bit_length() - 1) - 2
    channels: list[int] = row["channels"][:live]
    return channels


@pytest.mark.parametrize("row", TABLE["uniform"] + TABLE["evolve"])
def test_both_conventions_equal_the_recorded_counts_to_the_integer(row: dict[str, Any]) -> None:
    published = anycost_cost.published_macs(CONFIG_F, widths(row))
    assert published == row["repo_convention_total"]
    assert published == row.get("published_macs", published)
    assert anycost_cost.true_macs(CONFIG_F, widths(row)) == row["true_macs_conv_linear"]


def test_parameters_of_the_published_generators() -> None:
    assert anycost_cost.params(CONFIG_F, FULL) == 30_370_060
