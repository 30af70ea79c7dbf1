"""What a run does with the files by which it speaks with whoever started it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from workers.training.loop import STATE
from workers.training.running import RunSettings, run

STEPS = 3
RECIPE: dict[str, Any] = {
    "method": "pix2pix",
    "dataset": "folder-of-pairs",
    "images": STEPS,
    "batch": 1,
    "generator": {"base_channels": 2, "blocks": 1},
    "critic": {"base_channels": 2, "layers": 1},
}


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    for side in ("A", "B"):
        (tmp_path / "data" / side).mkdir(parents=True)
        pixels = np.zeros((16, 16), dtype=np.uint8)
        for i in range(20):
            Image.fromarray(pixels).save(tmp_path / "data" / side / f"{i:02}.png")
    (tmp_path / "run").mkdir()
    return RunSettings(
        folder=str(tmp_path / "run"), recipe=RECIPE, data=str(tmp_path / "data"), starter="-mine"
    )


def steps_done(settings: RunSettings) -> int:
    state = torch.load(Path(settings.folder) / STATE, weights_only=True)
    return int(state["step"])


def test_a_run_leaves_off_when_its_starter_says_so_and_takes_the_word_away(
    settings: RunSettings,
) -> None:
    settings.stop.touch()
    run(asdict(settings))
    assert steps_done(settings) == 1
    assert not settings.stop.exists()


def test_a_run_goes_on_when_another_starter_of_the_same_job_says_stop(
    settings: RunSettings,
) -> None:
    """A worker that lost its claim ends its own run, not that of its successor."""
    others = [RunSettings(folder=settings.folder, recipe={}, starter=s) for s in ("", "-other")]
    for other in others:
        other.stop.touch()
    run(asdict(settings))
    assert steps_done(settings) == STEPS
    assert all(other.stop.exists() for other in others)


def test_an_error_is_told_to_the_starter_alone(settings: RunSettings) -> None:
    broken = RunSettings(folder=settings.folder, recipe={"method": "none"}, starter="-mine")
    run(asdict(broken))
    assert "none" in settings.failure.read_text()
    assert [path.name for path in Path(settings.folder).iterdir()] == ["failure-mine"]
