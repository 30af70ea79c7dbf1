"""Closed forms of the residual generators against the recorded counts of the published ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_service import spaces
from search_service.domain.space import architecture_at, indices_of, sample
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.resnet import teacher_macs, teacher_params

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
TABLE = json.loads((FIXTURES / "resnet_macs_256.json").read_text())


@pytest.mark.parametrize("row", TABLE["generator"], ids=lambda row: str(row["config_str"]))
def test_costs_equal_the_recorded_counts_to_the_integer(row: dict[str, Any]) -> None:
    text = row["config_str"]
    base = max(map(int, text.split("_")))
    lists = [list(range(1, base + 1))] * 8
    space = spaces.build("gan-compression", {"base_channels": base, "channels": lists})
    architecture = space.parse(text)
    assert space.params(architecture) == row["params"]
    assert space.macs(architecture) == row["macs_true_conv_only"]
    assert space.macs(architecture, published=True) == row["macs_torchprofile_0_0_1"]


def test_costs_of_the_published_teacher() -> None:
    row, parameters = TABLE["teacher"], GanCompressionParameters(base_channels=64)
    assert teacher_params(parameters) == row["params"]
    assert teacher_macs(parameters) == row["macs_true_conv_only"]
    assert teacher_macs(parameters, published=True) == row["macs_torchprofile_0_0_1"]


def test_a_legacy_generator_costs_what_the_paper_s_horse2zebra_does() -> None:
    space = spaces.build(
        "gan-compression",
        {
            "generator": "resnet-legacy",
            "base_channels": 32,
            "channels": [[24], [24], [24], [32], [20], [16]],
        },
    )
    architecture = space.parse("24_24_24_32_20_16")
    assert space.params(architecture) == 302_651
    assert round(space.macs(architecture, published=True) / 1e9, 2) == 2.51


@pytest.mark.parametrize("generator", ["resnet", "resnet-legacy"])
@pytest.mark.parametrize("blocks", [1, 2, 5, 9])
def test_every_cost_grows_with_every_option(generator: str, blocks: int) -> None:
    space = spaces.build(
        "gan-compression", {"generator": generator, "base_channels": 24, "blocks": blocks}
    )
    index = indices_of(space, sample(space, np.random.default_rng(blocks)))
    for i, choice in enumerate(space.choices):
        at = [
            architecture_at(space, (*index[:i], option, *index[i + 1 :]))
            for option in range(len(choice.options))
        ]
        for costs in (
            [space.macs(a) for a in at],
            [space.macs(a, published=True) for a in at],
            [space.params(a) for a in at],
        ):
            assert costs == sorted(costs)
