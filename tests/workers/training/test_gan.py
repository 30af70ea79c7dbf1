"""Laws of the training from latents alone, over its pairs and losses."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from search_service.recipes.adversarial import ADVERSARIAL
from search_service.recipes.augment import Augment
from search_service.recipes.gan import DcganSize, GanRecipe, SlopePenalty, Stylegan2Size
from search_service.recipes.records import Records
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.checkpoints import read_weights
from workers.training.draws import AUGMENTATION, Draws
from workers.training.gan import GanTraining
from workers.training.labelled_data import LabelledImages
from workers.training.loop import train

SMALL = GanRecipe(
    images=64,
    batch=8,
    resolution=16,
    seed=3,
    dcgan=DcganSize(latent_dim=5, generator_channels=3, critic_channels=3),
    stylegan2=Stylegan2Size(
        style_dim=8,
        mapping_layers=1,
        channel_multiplier=1 / 128,
        channel_max=16,
        critic_channel_multiplier=1 / 128,
        critic_channel_max=16,
    ),
    augment=Augment(policy="color,translation,cutout"),
    records=Records(log_every=2, checkpoint_every=3, grid_every=4),
)
Begin = Callable[..., GanTraining]


def random_data(count: int, *, seed: int) -> LabelledImages:
    rng = torch.Generator().manual_seed(seed)
    return LabelledImages(
        images=torch.randint(0, 256, (count, 1, 16, 16), dtype=torch.uint8, generator=rng),
        labels=torch.arange(count) % 3,
    )


def new_of(recipe: GanRecipe) -> GanTraining:
    return GanTraining(recipe, random_data(20, seed=0), random_data(6, seed=1))


def new(**changes: Any) -> GanTraining:
    return new_of(replace(SMALL, **changes))


@pytest.fixture(params=["dcgan", "stylegan2", "dcgan with classes", "stylegan2 with classes"])
def begin(request: pytest.FixtureRequest) -> Begin:
    """Begins a training of the pair, with changes to its recipe."""
    pair, _, conditional = request.param.partition(" ")
    kind = {"pair": pair, "classes": 3 if conditional else 0}
    return lambda **changes: new(**kind | changes)


def weights(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("stopped", [1, 5])
def test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one(
    begin: Begin, tmp_path: Path, stopped: int
) -> None:
    r1 = SlopePenalty(weight=1.0, every=2)
    straight, first, resumed = (begin(r1=r1) for _ in range(3))
    train(straight, tmp_path / "straight")
    steps = iter(range(100))
    train(first, tmp_path / "stopped", asked=lambda: next(steps) == stopped)
    assert train(resumed, tmp_path / "stopped")
    for name in straight.kept():
        left, right = (
            read_weights(tmp_path / run / f"{name}.safetensors") for run in ("straight", "stopped")
        )
        assert all(torch.equal(left[key], right[key]) for key in left), name


@pytest.mark.parametrize("adversarial", ADVERSARIAL)
def test_every_loss_moves_every_network(adversarial: str) -> None:
    training = new(adversarial=adversarial)
    networks = (training.pair.generator, training.average, training.pair.critic)
    before = [weights(network) for network in networks]
    losses = training.step(0)
    assert all(not torch.equal(b, weights(n)) for b, n in zip(before, networks, strict=True))
    assert ("penalty" in losses) == (adversarial == "wgangp")
    assert all(parameter.requires_grad for parameter in training.pair.critic.parameters())


def test_minimax_descends_what_the_discriminator_ascends() -> None:
    """With non-saturating it has the same sign, but not the same size."""
    steps = {name: new(adversarial=name).step(0) for name in ("minimax", "non-saturating")}
    assert steps["minimax"]["discriminator"] == steps["non-saturating"]["discriminator"]
    assert steps["minimax"]["generator"] < 0 < steps["non-saturating"]["generator"]


@pytest.mark.parametrize("turns", [1, 2, 4])
def test_a_batch_is_shared_by_the_updates_of_the_discriminator(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    training, seen = new(critic_steps=turns, records=Records(log_every=99)), list[int]()
    training.pair.critic.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    updates = []
    step = training.critic_adam.step
    monkeypatch.setattr(training.critic_adam, "step", lambda: updates.append(step()))
    training.step(0)
    assert seen == [8 // turns] * (2 * turns + 1)  # real and generated; then the generator's
    assert len(updates) == turns


def test_augmentation_moves_no_other_draw(begin: Begin) -> None:
    """The same images and latents come, with and without it, and before the networks differ."""
    seen: dict[str, list[Tensor]] = {}
    for placement in ("none", "reals", "discriminator", "all"):
        training = begin(augment=Augment(policy="cutout", placement=placement))
        looks = seen.setdefault(placement, [])
        training.pair.critic.register_forward_pre_hook(
            lambda _, inputs, looks=looks: looks.append(inputs[0].detach().clone())
        )
        training.step(0)
    plain = seen["none"][:3]  # real, generated, the generator's; then what the log tells
    for placement, changed in (
        ("reals", [True, False, False]),
        ("discriminator", [True, True, False]),
        ("all", [True, True, True]),
    ):
        for look, before, cut in zip(seen[placement][:3], plain, changed, strict=True):
            assert (not torch.equal(look, before)) == cut
            assert torch.equal(look[look != 0], before[look != 0])


def test_only_full_augmentation_reaches_the_generators_step() -> None:
    def generators_gradient(placement: str) -> Tensor:
        training = new(augment=Augment(policy="color,cutout", placement=placement))
        training.critic_adam.param_groups[0]["lr"] = 0.0
        training.pair.critic.requires_grad_(False)
        draws = Draws(0, 0)
        training._generator_step(draws, training._critic(draws.apart(AUGMENTATION)))
        return torch.cat(
            [p.grad.flatten() for p in training.pair.generator.parameters() if p.grad is not None]
        )

    plain = generators_gradient("none")
    assert torch.equal(generators_gradient("reals"), plain)
    assert torch.equal(generators_gradient("discriminator"), plain)
    assert not torch.equal(generators_gradient("all"), plain)


def test_the_slope_is_held_every_so_often_at_either_images() -> None:
    found = {}
    for at in ("images", "seen"):
        training = new(r1=SlopePenalty(weight=1.0, every=3, at=at))
        steps = [training.step(i) for i in range(5)]
        assert ["r1" in step for step in steps] == [True, False, False, True, False]
        found[at] = steps[0]["r1"]
    assert found["images"] != found["seen"]
    none = Augment(policy="")
    bare = [new(r1=SlopePenalty(weight=1.0, at=at), augment=none).step(0)["r1"] for at in found]
    assert bare[0] == bare[1]


def test_accuracies_come_with_every_line_and_change_nothing(begin: Begin) -> None:
    often, seldom = begin(records=Records(log_every=1)), begin(records=Records(log_every=99))
    for index in range(3):
        told, untold = often.step(index), seldom.step(index)
        assert {TRAIN, HELD_OUT} <= told.keys()
        assert not {TRAIN, HELD_OUT} & untold.keys()
        assert all(0 <= told[name] <= 1 for name in (TRAIN, HELD_OUT))
    assert torch.equal(weights(often.average), weights(seldom.average))


def test_a_discriminator_that_knows_few_images_by_heart_is_seen_to() -> None:
    training = new(
        data_fraction=0.1, images=8 * 400, augment=Augment(), records=Records(log_every=50)
    )
    told = [training.step(index) for index in range(400)][-1]
    assert told[TRAIN] > told[HELD_OUT] + 0.3


def test_only_the_share_of_the_data_is_learnt_from() -> None:
    recipe = replace(SMALL, data_fraction=0.2, augment=Augment(), records=Records(log_every=99))
    training, seen = new_of(recipe), list[Tensor]()
    training.pair.critic.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for index in range(8):
        training.step(index)
    real = torch.cat(seen[::3])  # then generated ones, then the generator's
    assert len({tuple(image.tolist()) for image in real.flatten(1)}) == len(training.train.images)
    assert len(training.train.images) == 4


def test_generated_images_have_classes_as_frequent_as_the_real_ones() -> None:
    recipe = replace(SMALL, classes=3, images=800)
    data = LabelledImages(
        images=random_data(20, seed=0).images, labels=torch.tensor([0, 1, 1, 2] * 5)
    )
    training, asked = GanTraining(recipe, data, data), list[Tensor]()
    training.pair.generator.register_forward_pre_hook(
        lambda _, inputs, named: asked.append(named["labels"]), with_kwargs=True
    )
    for index in range(50):
        training.step(index)
    shares = torch.cat(asked).bincount() / torch.cat(asked).numel()
    assert shares.numpy() == pytest.approx(np.array([0.25, 0.5, 0.25]), abs=0.1)


def test_a_grid_shows_the_average_and_has_a_row_per_class(begin: Begin) -> None:
    training = begin()
    first = training.grid()
    assert first == training.grid()
    training.step(0)
    assert training.grid() != first
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.size == (16 * 16, (3 if training.recipe.classes else 8) * 16)


def test_half_precision_learns_about_the_same(begin: Begin) -> None:
    full, half = begin(), begin(precision="bfloat16")
    for index in range(2):
        a, b = full.step(index), half.step(index)
        assert abs(a["discriminator"] - b["discriminator"]) < 0.1
