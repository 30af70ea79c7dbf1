import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from search_service.errors import InvalidFile, TrainingDiverged
from search_service.recipes.anycost import Adam, AnycostRecipe, Critic
from search_service.recipes.records import Records
from workers.checkpoints import read_weights
from workers.supernets.anycost import AnycostSupernet
from workers.training.anycost import AnycostTraining
from workers.training.loop import train


class PowerCut(Exception):
    pass


def run(recipe: AnycostRecipe, real: Tensor, output: Path) -> AnycostTraining:
    training = AnycostTraining(recipe, real)
    train(training, output)
    return training


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Let the process die in the middle of the step after these."""
    step = AnycostTraining.step

    def dying(training: AnycostTraining, index: int) -> dict[str, float]:
        if index == steps:
            raise PowerCut
        return step(training, index)

    monkeypatch.setattr(AnycostTraining, "step", dying)


@pytest.mark.parametrize("stopped", [1, 4, 7])  # checkpoints are after steps 3, 6 and 8
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_undisturbed_one(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path, stopped: int
) -> None:
    straight = run(tiny, real, tmp_path / "straight")
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, stopped)
        with pytest.raises(PowerCut):
            run(tiny, real, tmp_path / "stopped")
    resumed = run(tiny, real, tmp_path / "stopped")
    for name, tensor in straight.average.state_dict().items():
        assert torch.equal(tensor, resumed.average.state_dict()[name]), name

    def losses(folder: str) -> list[object]:
        lines = (tmp_path / folder / "log.jsonl").read_text().splitlines()
        return [json.loads(line)["step"] for line in lines]

    assert losses("straight") == [2, 4, 6, 8]
    assert losses("stopped")[-1] == 8
    assert len(set(losses("stopped"))) == len(losses("stopped"))


def test_a_run_that_was_asked_to_leave_off_goes_on_with_the_log_of_an_undisturbed_one(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    straight = run(tiny, real, tmp_path / "straight")
    asked = iter([False, False, False, False, True])  # after step 5, between two lines
    assert not train(AnycostTraining(tiny, real), tmp_path / "left", asked=lambda: next(asked))
    resumed = AnycostTraining(tiny, real)
    assert train(resumed, tmp_path / "left")
    for name, tensor in straight.average.state_dict().items():
        assert torch.equal(tensor, resumed.average.state_dict()[name]), name

    def told(folder: str) -> list[dict[str, float]]:
        lines = (tmp_path / folder / "log.jsonl").read_text().splitlines()
        return [json.loads(line) | {"images_per_s": 0} for line in lines]

    assert told("left") == told("straight")


def test_a_run_leaves_the_average_a_log_and_grids(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    training = run(tiny, real, tmp_path)
    kept = AnycostSupernet(training.space)
    kept.load_state_dict(read_weights(tmp_path / "average.safetensors"))
    grids = sorted((tmp_path / "grids").iterdir())
    assert [path.name for path in grids] == ["00000016.png", "00000032.png"]
    with Image.open(grids[-1]) as picture:
        assert picture.size == (16 * 16, 5 * 16)  # latents by subnets, each at the full side
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["images"] == tiny.images
    assert {"discriminator", "generator"} <= set(last)


def test_a_finished_run_is_not_run_again(tiny: AnycostRecipe, real: Tensor, tmp_path: Path) -> None:
    run(tiny, real, tmp_path)
    before = (tmp_path / "state.pt").stat().st_mtime_ns
    run(tiny, real, tmp_path)
    assert (tmp_path / "state.pt").stat().st_mtime_ns == before


def test_divergence_stops_the_run_and_keeps_the_last_checkpoint(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    often = replace(tiny, records=Records(log_every=2, checkpoint_every=1, grid_every=100))
    wild = replace(often, adam=Adam(learning_rate=1e18))
    with pytest.raises(TrainingDiverged, match=r"the \w+ loss is (nan|inf) at step \d"):
        run(wild, real, tmp_path)


def test_a_checkpoint_of_another_recipe_is_refused(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    run(tiny, real, tmp_path)
    wider = replace(tiny, critic=Critic(channel_multiplier=1 / 64, channel_max=32))
    with pytest.raises(InvalidFile, match="is no checkpoint of this recipe"):
        run(wider, real, tmp_path)
