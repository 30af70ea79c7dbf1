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

from workers.training.running import RunSettings, run

PROCESS = """
import json, sys
import torch.distributed as dist
from workers.training.running import run
rank, rendezvous = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
for settings in json.loads(sys.argv[3]):
    run(settings)
dist.destroy_process_group()
"""
SMALL: dict[str, Any] = {
    "images": 24,
    "batch": 4,
    "flip": True,
    "critic": {"base_channels": 2, "layers": 1},
    "records": {"log_every": 1, "checkpoint_every": 3, "grid_every": 100},
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
}


def write_images(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(256, size=(16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{i:02}.png")


def settings_of(root: Path, name: str, data: Path) -> dict[str, Any]:
    settings = RunSettings(folder=str(root / name), recipe=RECIPES[name], data=str(data))
    return asdict(settings)


def losses(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "images_per_s"} for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_with_half_a_batch_each_are_one_with_the_whole(tmp_path: Path) -> None:
    data, alone, shared = (tmp_path / name for name in ("data", "alone", "shared"))
    write_images(data)
    every = json.dumps([settings_of(shared, name, data) for name in RECIPES])
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(rank), str(tmp_path / "meet"), every])
        for rank in (0, 1)
    ]
    for name in RECIPES:
        run(settings_of(alone, name, data))
    assert [process.wait() for process in processes] == [0, 0]
    for name in RECIPES:
        one, two = losses(alone / name), losses(shared / name)
        assert len(one) == len(two) == 6
        for a, b in zip(one, two, strict=True):
            assert b == pytest.approx(a, rel=1e-5, abs=2e-5)  # the log has five decimals
