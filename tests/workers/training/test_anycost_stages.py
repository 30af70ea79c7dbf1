"""What a step of every stage and alternative does, and how a stage goes on from the one before."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from search_service.errors import InvalidFile
from search_service.recipes.anycost import (
    AnycostRecipe,
    Distillation,
    PathLength,
    Sampling,
)
from search_service.recipes.augment import PLACEMENTS, Augment
from search_service.recipes.records import Records
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.checkpoints import save_weights
from workers.discriminators.anycost import PlainDiscriminator
from workers.discriminators.joint import JointDiscriminator
from workers.training.anycost import AnycostTraining
from workers.training.anycost_networks import judge
from workers.training.loop import train

PLAIN = Sampling(resolutions="highest", channels="full")
STAGES = {
    "plain": (PLAIN, False),
    "multi-resolution": (Sampling(levels=2, channels="full"), False),
    "adaptive": (Sampling(levels=2, channels="uniform"), True),
    "all at once": (Sampling(resolutions="all", channels="full"), False),
    "flexible, all at once": (Sampling(resolutions="all", channels="flexible"), True),
}


def of_stage(recipe: AnycostRecipe, stage: str, **changes: Any) -> AnycostRecipe:
    sampling, conditioned = STAGES[stage]
    critic = replace(recipe.critic, conditioned=conditioned)
    return replace(recipe, **{"sampling": sampling, "critic": critic, **changes})


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The sides of every set of levels that a discriminator was asked about."""
    asked: list[tuple[int, ...]] = []

    def watched(network: Any, levels: Sequence[Tensor], *rest: Any) -> list[Tensor]:
        asked.append(tuple(level.shape[-1] for level in levels))
        return judge(network, levels, *rest)

    monkeypatch.setattr("workers.training.anycost_critic.judge", watched)
    return asked


@pytest.mark.parametrize(
    ("stage", "seen"),
    [
        ("plain", {(16,)}),
        ("multi-resolution", {(8, 16)}),
        ("adaptive", {(8, 16)}),
        ("all at once", {(8, 16)}),
    ],
)
def test_the_discriminator_sees_the_sides_of_the_stage(
    tiny: AnycostRecipe,
    real: Tensor,
    judged: list[tuple[int, ...]],
    stage: str,
    seen: set[tuple[int, ...]],
) -> None:
    training = AnycostTraining(of_stage(tiny, stage), real)
    training.step(1)  # without R1
    assert set(judged) == seen
    assert len(judged) == 3  # real, fake, and the generator's


def test_one_sampled_side_is_real_and_fake(
    tiny: AnycostRecipe, real: Tensor, judged: list[tuple[int, ...]]
) -> None:
    training = AnycostTraining(tiny, real)
    for index in (1, 2, 4, 5, 7):
        training.step(index)
    steps = [judged[i : i + 3] for i in range(0, len(judged), 3)]
    assert all(on_real == on_fake for on_real, on_fake, _ in steps)
    assert {side for (side,) in judged} == {8, 16}


@pytest.mark.parametrize(
    ("stage", "kind"),
    [("plain", PlainDiscriminator), ("all at once", JointDiscriminator)],
)
def test_the_alternatives_have_their_discriminators(
    tiny: AnycostRecipe, real: Tensor, stage: str, kind: type
) -> None:
    assert type(AnycostTraining(of_stage(tiny, stage), real).discriminator) is kind


@pytest.mark.parametrize("stage", STAGES)
def test_the_penalty_is_at_one_side_or_at_all_that_are_judged_together(
    tiny: AnycostRecipe, real: Tensor, judged: list[tuple[int, ...]], stage: str
) -> None:
    training = AnycostTraining(of_stage(tiny, stage), real)
    assert training.step(0)["r1"] > 0
    on_penalty = judged[2]
    assert len(on_penalty) == (2 if "all at once" in stage else 1)


def test_the_penalty_comes_to_every_side(
    tiny: AnycostRecipe, real: Tensor, judged: list[tuple[int, ...]]
) -> None:
    training = AnycostTraining(of_stage(tiny, "multi-resolution"), real)
    for index in (0, 3, 6, 9):
        training.step(index)
    on_penalty = judged[2::4]
    assert set(on_penalty) == {(8,), (16,)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stopped_run_goes_on_to_the_same_weights(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path, stage: str
) -> None:
    changes: dict[str, Any] = {"images": 24}
    if stage == "plain":
        changes["path_length"] = PathLength(weight=2.0, every=2)
    recipe = of_stage(tiny, stage, **changes)
    steps = iter([False, False, True])
    assert not train(AnycostTraining(recipe, real), tmp_path / "a", asked=lambda: next(steps))
    assert train(AnycostTraining(recipe, real), tmp_path / "a")
    assert train(AnycostTraining(recipe, real), tmp_path / "b")
    for name in ("average", "discriminator"):
        file = f"{name}.safetensors"
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def kept(training: AnycostTraining, folder: Path) -> dict[str, str]:
    files = {name: str(folder / f"{name}.safetensors") for name in training.kept()}
    for name, network in training.kept().items():
        save_weights(network, Path(files[name]))
    return files


def test_every_stage_goes_on_from_the_one_before(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    earlier = AnycostTraining(of_stage(tiny, "plain"), real)
    for stage in ("multi-resolution", "adaptive"):
        earlier.step(0)
        files = kept(earlier, tmp_path / stage)
        recipe = of_stage(
            tiny,
            stage,
            initial=files["average"],
            distillation=Distillation(teacher=files["average"]),
        )
        recipe = replace(recipe, critic=replace(recipe.critic, weights=files["discriminator"]))
        later = AnycostTraining(recipe, real)
        before = earlier.average.state_dict()
        for network in (later.generator, later.average, later.teaching.teacher):
            state = network.state_dict()
            assert all(torch.equal(state[name], before[name]) for name in before)
        trunk = later.discriminator.get_parameter("final_conv.0.weight")
        assert torch.equal(trunk, earlier.discriminator.get_parameter("final_conv.0.weight"))
        assert later.step(1)["distillation"] >= 0
        earlier = later


def test_sorting_leaves_the_full_image_and_changes_a_narrow_one(
    tiny: AnycostRecipe, real: Tensor
) -> None:
    sampling = STAGES["adaptive"][0]
    plain = AnycostTraining(of_stage(tiny, "adaptive"), real)
    sorted_ = AnycostTraining(
        of_stage(tiny, "adaptive", sampling=replace(sampling, sort=True)), real
    )
    latents = torch.randn(4, tiny.generator.style_dim)
    for network, other in (
        (plain.generator, sorted_.generator),
        (plain.average, sorted_.average),
    ):
        noise = plain.generator.stored_noise()
        full, narrow = (plain.space.uniform(ratio) for ratio in (1.0, 0.25))
        with torch.no_grad():
            before, after = (each(latents, full, noise=noise) for each in (network, other))
            assert (before - after).abs().max() < 1e-4
            before, after = (each(latents, narrow, noise=noise) for each in (network, other))
            assert (before - after).abs().max() > 1e-3


def test_a_fixed_teacher_teaches_the_full_generator_too_and_stays(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    files = kept(AnycostTraining(replace(tiny, seed=9), real), tmp_path)
    taught = of_stage(tiny, "plain", distillation=Distillation(teacher=files["average"]))
    training = AnycostTraining(taught, real)
    before = {name: t.clone() for name, t in training.teaching.teacher.state_dict().items()}
    assert training.step(1)["distillation"] > 0
    after = training.teaching.teacher.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_without_distillation_there_is_none(tiny: AnycostRecipe, real: Tensor) -> None:
    alone = of_stage(tiny, "adaptive", distillation=Distillation(weight=0.0))
    training = AnycostTraining(alone, real)
    assert not any("distillation" in training.step(index) for index in range(4))


def test_a_discriminator_that_is_not_told_has_no_mappings(
    tiny: AnycostRecipe, real: Tensor
) -> None:
    for conditioned in (True, False):
        recipe = replace(tiny, critic=replace(tiny.critic, conditioned=conditioned))
        names = AnycostTraining(recipe, real).discriminator.state_dict()
        assert any("_mapping." in name for name in names) == conditioned


def test_path_length_comes_every_so_often_and_its_mean_is_part_of_the_state(
    tiny: AnycostRecipe, real: Tensor
) -> None:
    recipe = of_stage(tiny, "plain", path_length=PathLength(weight=2.0, every=2))
    training = AnycostTraining(recipe, real)
    assert ["path_penalty" in training.step(i) for i in range(4)] == [True, False] * 2
    again = AnycostTraining(recipe, real)
    again.load_state(training.state())
    assert torch.equal(again.path_mean.value, training.path_mean.value)
    assert training.path_mean.value > 0


def test_the_path_length_term_moves_the_generator(tiny: AnycostRecipe, real: Tensor) -> None:
    weights = []
    for weight in (0.0, 2.0):
        recipe = of_stage(tiny, "plain", path_length=PathLength(weight=weight))
        training = AnycostTraining(recipe, real)
        training.step(0)
        weights.append(training.generator.conv1.conv.weight.detach().clone())
    assert not torch.equal(*weights)


@pytest.mark.parametrize("flip", [False, True])
def test_real_images_are_mirrored_only_where_asked(
    tiny: AnycostRecipe, monkeypatch: pytest.MonkeyPatch, flip: bool
) -> None:
    lopsided = torch.zeros(20, 1, 16, 16, dtype=torch.uint8)
    lopsided[..., :8] = 255
    shown: list[Tensor] = []

    def watched(network: Any, levels: Sequence[Tensor], *rest: Any) -> list[Tensor]:
        shown.extend(levels)
        return judge(network, levels, *rest)

    monkeypatch.setattr("workers.training.anycost_critic.judge", watched)
    training = AnycostTraining(of_stage(tiny, "plain", flip=flip), lopsided)
    corners = set()
    for index in (1, 2, 4, 5):
        shown.clear()
        training.step(index)
        corners |= set(shown[0][:, 0, 0, 0].tolist())
    assert corners == ({1.0, -1.0} if flip else {1.0})


def test_a_file_of_another_network_is_refused(
    tiny: AnycostRecipe, real: Tensor, tmp_path: Path
) -> None:
    files = kept(AnycostTraining(tiny, real), tmp_path)
    wrong = files["discriminator"]
    for changes in ({"initial": wrong}, {"distillation": Distillation(teacher=wrong)}):
        with pytest.raises(InvalidFile, match="does not fit AnycostSupernet"):
            AnycostTraining(replace(tiny, **changes), real)
    critic = replace(tiny.critic, weights=files["average"])
    with pytest.raises(InvalidFile, match="does not fit AnycostDiscriminator"):
        AnycostTraining(replace(tiny, critic=critic), real)


@pytest.mark.parametrize("stage", STAGES)
def test_the_discriminators_accuracies_come_with_every_line_and_change_nothing(
    tiny: AnycostRecipe, real: Tensor, stage: str
) -> None:
    often, seldom = (
        AnycostTraining(
            of_stage(tiny, stage, records=Records(log_every=every)),
            real[:12],
            held_out=(real[12:], None),
        )
        for every in (1, 99)
    )
    for index in range(2):
        told, untold = often.step(index), seldom.step(index)
        assert {name: told[name] for name in untold} == untold
        assert told.keys() - untold.keys() == {TRAIN, HELD_OUT}
        assert all(0 <= told[name] <= 1 for name in (TRAIN, HELD_OUT))


@pytest.mark.parametrize("stage", ["plain", "multi-resolution", "adaptive"])
def test_what_the_discriminator_sees_is_augmented_where_the_recipe_says(
    tiny: AnycostRecipe, real: Tensor, stage: str
) -> None:
    def step(placement: str) -> dict[str, float]:
        augment = Augment(policy="color,translation,cutout", placement=placement)
        return AnycostTraining(of_stage(tiny, stage, augment=augment), real).step(0)

    plain = AnycostTraining(of_stage(tiny, stage), real).step(0)
    found = {placement: step(placement) for placement in PLACEMENTS}
    assert found["none"] == plain
    assert found["reals"]["real_logit"] != plain["real_logit"]
    assert found["reals"]["fake_logit"] == plain["fake_logit"]
    assert found["reals"]["r1"] != plain["r1"]  # taken through the augmentation
    assert found["discriminator"]["fake_logit"] != plain["fake_logit"]
    assert found["all"]["generator"] != found["discriminator"]["generator"]
