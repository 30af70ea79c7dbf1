import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_service import spaces
from search_service.domain.space import architecture_at, indices_of, sample
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade import teacher_macs, teacher_params

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
TABLE = json.loads((FIXTURES / "spade_macs.json").read_text())
ROWS = [(data, row) for data, rows in TABLE.items() for row in rows]
SIZES: dict[str, dict[str, Any]] = {
    "cityscapes": {
        "image_size": 512,
        "aspect_ratio": 2.0,
        "upsampling": "more",
        "input_channels": 36,
    },
    "coco": {"image_size": 256, "input_channels": 184},
}


@pytest.mark.parametrize(("data", "row"), ROWS, ids=[f"{d}: {r['note']}" for d, r in ROWS])
def test_costs_equal_the_recorded_counts_to_the_integer(data: str, row: dict[str, Any]) -> None:
    base = row["base_channels"]
    parameters: dict[str, Any] = {"generator": "spade", "base_channels": base, **SIZES[data]}
    if row["dense"]:
        teacher = GanCompressionParameters(**parameters)
        params = teacher_params(teacher)
        true, published = teacher_macs(teacher), teacher_macs(teacher, published=True)
    else:
        space = spaces.build(
            "gan-compression", {**parameters, "channels": [list(range(1, base + 1))] * 8}
        )
        architecture = space.parse(row["config_str"])
        params = space.params(architecture)
        true, published = space.macs(architecture), space.macs(architecture, published=True)
    assert params == row["params"]
    assert true == row["macs_conv"]
    assert published == row["macs_torchprofile_0_0_1"]


@pytest.mark.parametrize("upsampling", ["normal", "more"])
def test_every_cost_grows_with_every_option(upsampling: str) -> None:
    space = spaces.build(
        "gan-compression",
        {
            "generator": "spade",
            "base_channels": 24,
            "image_size": 128,
            "input_channels": 12,
            "upsampling": upsampling,
        },
    )
    index = indices_of(space, sample(space, np.random.default_rng(7)))
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
            assert costs == sorted(set(costs))
