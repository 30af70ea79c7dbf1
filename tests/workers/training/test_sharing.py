"""Processes that share a batch do what one does with the whole of it: real ones, over gloo."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.pairs import write_pairs
from workers.training.running import RunSettings

PROCESS = """
import json, sys
import torch
import torch.distributed as dist
rank, processes, precision, rendezvous = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
if precision == "float64":  # wherever a training asks for full precision it gets this
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
from workers.training.running import run
meet = {"init_method": f"file://{rendezvous}", "rank": rank, "world_size": processes}
if processes > 1:
    dist.init_process_group("gloo", **meet)
for settings in json.loads(sys.argv[5]):
    run(settings)
if processes > 1:
    dist.destroy_process_group()
"""
SMALL: dict[str, Any] = {
    "batch": 4,
    "flip": True,
    "critic": {"base_channels": 2, "layers": 1},
    "records": {"log_every": 1, "checkpoint_every": 1000, "grid_every": 1000},
}
GENERATOR = {"base_channels": 2, "blocks": 1}
RECIPES: dict[str, dict[str, Any]] = {
    "cyclegan": {
        "method": "cyclegan",
        "dataset": "two-folders",
        "pool": 6,
        "generator": GENERATOR,
        **SMALL,
    },
    "wgangp": {
        "method": "pix2pix",
        "dataset": "folder-of-pairs",
        "adversarial": "wgangp",
        "generator": GENERATOR,
        **SMALL,
    },
    "compress": {
        "method": "compress",
        "dataset": "folder-of-pairs",
        "supernet": {"base_channels": 4, "blocks": 1},
        "weights": {"distillation": 0.0},
        **SMALL,
    },
    "anycost": {
        "method": "anycost",
        "dataset": "folder-per-label",
        "batch": 8,
        "generator": {
            "resolution": 16,
            "channel_multiplier": 1 / 128,
            "channel_max": 16,
            "style_dim": 8,
            "mapping_layers": 1,
            "image_channels": 1,
        },
        "sampling": {"sides": {"16": 0.6, "8": 0.4}},
        "critic": {"channel_multiplier": 1 / 128, "channel_max": 16},
        "r1": {"every": 3},
        "records": SMALL["records"],
    },
}
MAPS: dict[str, Any] = {"dataset": "folder-of-maps", "map_channels": 3, **SMALL}
# Only in float64, see below: batch norms, whose statistics the processes share.
SPADE: dict[str, dict[str, Any]] = {
    "spade": {"method": "spade", "generator": {"base_channels": 2}, **MAPS},
    "spade-compress": {
        "method": "compress",
        "supernet": {"generator": "spade", "base_channels": 4},
        "weights": {"distillation": 0.0},
        "subnets": 2,
        **MAPS,
    },
}


def write_maps(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
    for i in range(20):
        labels = rng.integers(3, size=(4, 8), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        noise = rng.integers(6, size=(32, 64, 3), dtype=np.uint8)
        Image.fromarray(labels).save(folder / "A" / f"{i:02}.png")
        Image.fromarray(labels[:, :, None] * 100 + noise).save(folder / "B" / f"{i:02}.png")


def losses(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "images_per_s"} for line in lines]


def train(
    root: Path, recipes: dict[str, dict[str, Any]], steps: int, *, processes: int, precision: str
) -> Path:
    """By these recipes one after the other; the folder of their runs."""
    runs = root / f"{precision}-{processes}"
    every = [
        asdict(
            RunSettings(
                folder=str(runs / name),
                recipe=recipe | {"images": steps * recipe["batch"]},
                data=str(root / ("maps" if name in SPADE else "images")),
            )
        )
        for name, recipe in recipes.items()
    ]
    rest = [str(processes), precision, str(root / f"meet-{precision}"), json.dumps(every)]
    started = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(rank), *rest])
        for rank in range(processes)
    ]
    assert [process.wait() for process in started] == [0] * processes
    return runs


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("precision", "steps", "recipes"),
    [("float32", 4, RECIPES), ("float64", 10, RECIPES | SPADE)],
)
def test_two_processes_with_half_a_batch_each_are_one_with_the_whole(
    tmp_path: Path, precision: str, steps: int, recipes: dict[str, dict[str, Any]]
) -> None:
    """To 1e-5: in float32 over the first steps, in float64 over many more.

    Both compute the same numbers, but add them in another order. What that rounds differently
    grows: a weight's first Adam step is the sign of its gradient, so where the true gradient is
    zero (a bias in front of a norm) rounding decides the whole step; and two players that answer
    each other drift apart from any difference by a factor a step. That is no error of the sharing
    as long as the difference shrinks with the rounding: float64 begins a billion times nearer, and
    an error in what is shared would be as large there as in float32.
    """
    write_pairs(tmp_path / "images")
    write_maps(tmp_path / "maps")
    alone, shared = (
        train(tmp_path, recipes, steps, processes=count, precision=precision) for count in (1, 2)
    )
    for name in recipes:
        one, two = losses(alone / name), losses(shared / name)
        assert len(one) == len(two) == steps
        for a, b in zip(one, two, strict=True):
            assert b == pytest.approx(a, rel=1e-5, abs=2e-5), name  # the log has five decimals
