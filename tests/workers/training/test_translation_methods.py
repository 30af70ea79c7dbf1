"""Laws that hold for every image-to-image method."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from search_service.recipes.augment import PLACEMENTS, Augment
from search_service.recipes.compression import CompressRecipe, FinetuneRecipe, ScratchRecipe
from search_service.recipes.cyclegan import CycleganRecipe
from search_service.recipes.pix2pix import Pix2pixRecipe
from search_service.recipes.records import Records
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.checkpoints import read_weights, save_weights
from workers.training.compression_methods import compress, finetune, scratch
from workers.training.cyclegan import CycleganTraining
from workers.training.loop import train
from workers.training.methods import Training
from workers.training.pix2pix import Pix2pixTraining
from workers.training.translation_data import TranslationData

METHODS = (
    "pix2pix",
    "cyclegan",
    "compress",
    "compress-unpaired",
    "sandwich",
    "finetune",
    "scratch",
)
Begin = Callable[..., Training]


@pytest.fixture(params=METHODS)
def begin(
    request: pytest.FixtureRequest,
    pairs: TranslationData,
    unpaired: TranslationData,
    pix2pix_recipe: Pix2pixRecipe,
    cyclegan_recipe: CycleganRecipe,
    compress_recipe: CompressRecipe,
    finetune_recipe: FinetuneRecipe,
    scratch_recipe: ScratchRecipe,
    tmp_path: Path,
) -> Begin:
    """Begins a training of the method, with changes to its recipe."""

    def new(**changes: Any) -> Training:
        match request.param:
            case "pix2pix":
                return Pix2pixTraining(replace(pix2pix_recipe, **changes), pairs)
            case "cyclegan":
                return CycleganTraining(replace(cyclegan_recipe, **changes), unpaired)
            case "compress":
                return compress(replace(compress_recipe, **changes), pairs)
            case "compress-unpaired":
                return compress(replace(compress_recipe, **changes), unpaired)
            case "sandwich":
                return compress(
                    replace(compress_recipe, subnets=3, sandwich=True, **changes), pairs
                )
            case "finetune":
                supernet = compress(compress_recipe, pairs).kept()["supernet"]
                path = tmp_path / "supernet.safetensors"
                save_weights(supernet, path)
                return finetune(replace(finetune_recipe, initial=str(path), **changes), pairs)
            case _:
                return scratch(replace(scratch_recipe, **changes), pairs)

    return new


def weights(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("stopped", [1, 5])  # checkpoints are after steps 3, 6 and 8
def test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one(
    begin: Begin, tmp_path: Path, stopped: int
) -> None:
    straight, first, resumed = begin(), begin(), begin()
    train(straight, tmp_path / "straight")

    class PowerCut(Exception):
        pass

    class Dying:
        """As the first, but for its end."""

        def __getattr__(self, name: str) -> Any:
            return getattr(first, name)

        def step(self, index: int) -> dict[str, float]:
            if index == stopped:
                raise PowerCut
            return first.step(index)

    with pytest.raises(PowerCut):
        train(Dying(), tmp_path / "stopped")
    train(resumed, tmp_path / "stopped")
    for name in straight.kept():
        paths = (tmp_path / run / f"{name}.safetensors" for run in ("straight", "stopped"))
        left, right = map(read_weights, paths)
        assert left.keys() == right.keys()
        assert all(torch.equal(left[key], right[key]) for key in left), name


def test_equal_recipes_give_equal_losses_and_other_seeds_others(begin: Begin) -> None:
    first, again, other = begin(), begin(), begin(seed=4)
    losses = [first.step(i) for i in range(2)]
    assert losses == [again.step(i) for i in range(2)]
    assert losses != [other.step(i) for i in range(2)]


def test_a_step_moves_every_network_that_is_kept(begin: Begin) -> None:
    training = begin()
    before = {name: weights(network) for name, network in training.kept().items()}
    training.step(0)
    after = {name: weights(network) for name, network in training.kept().items()}
    assert all(not torch.equal(before[name], after[name]) for name in before)
    assert all(network.training for network in training.kept().values())


def test_everything_that_learns_still_may_after_a_step(begin: Begin) -> None:
    training = begin()
    training.step(0)
    for network in training.kept().values():
        assert all(parameter.requires_grad for parameter in network.parameters())


def test_the_rate_falls_over_the_second_half(begin: Begin) -> None:
    training = begin()
    rates = []
    for index in range(training.recipe.steps):
        training.step(index)
        state = training.state()
        (name,) = [n for n in state if n in ("generator_adam", "student_adam")]
        groups: Any = state[name]["param_groups"]
        rates.append(groups[0]["lr"])
    expected = [2e-4] * 4 + [2e-4 * factor for factor in (0.8, 0.6, 0.4, 0.2)]
    assert rates == pytest.approx(expected)


def test_a_grid_is_a_picture_of_the_held_out_images(begin: Begin, tmp_path: Path) -> None:
    training = begin()
    first = training.grid()
    assert first == training.grid()
    (tmp_path / "grid.png").write_bytes(first)
    with Image.open(tmp_path / "grid.png") as image:
        assert image.width == 5 * 16
        assert image.height % 16 == 0
    training.step(0)
    training.step(1)
    assert training.grid() != first


def test_half_precision_learns_about_the_same(begin: Begin) -> None:
    full, half = begin(), begin(precision="bfloat16")
    for index in range(2):
        exact, rough = full.step(index), half.step(index)
        assert rough == pytest.approx(exact, rel=0.1, abs=0.1)
        assert rough != exact


def test_the_discriminators_accuracies_come_with_every_line_and_change_nothing(
    begin: Begin,
) -> None:
    often, seldom = begin(records=Records(log_every=1)), begin(records=Records(log_every=99))
    for index in range(2):
        told, untold = often.step(index), seldom.step(index)
        assert all(0 <= told[name] <= 1 for name in (TRAIN, HELD_OUT))
        assert {name: told[name] for name in untold} == untold
        assert told.keys() - untold.keys() == {TRAIN, HELD_OUT}


def test_what_the_discriminator_sees_is_augmented_where_the_recipe_says(begin: Begin) -> None:
    """The paths without it are those of before; each further place changes the step."""
    policy = "color,translation,cutout"
    plain = begin().step(0)
    found = {
        placement: begin(augment=Augment(policy=policy, placement=placement)).step(0)
        for placement in PLACEMENTS
    }
    assert found["none"] == plain
    assert found["reals"]["real"] != plain["real"]
    assert found["reals"]["fake"] == plain["fake"]
    assert found["discriminator"]["fake"] != plain["fake"]
    assert found["all"]["adversarial"] != found["discriminator"]["adversarial"]
