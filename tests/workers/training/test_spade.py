from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.recipes.augment import Augment
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.spade import (
    MultiScaleCritic,
    SpadeCompressRecipe,
    SpadeRecipe,
    SpadeStudentSize,
    SpadeStudentWeights,
    SpadeTeacher,
    SpadeWeights,
)
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from workers.checkpoints import save_weights
from workers.images import Maps
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_generator import dense_teacher
from workers.training.draws import Draws
from workers.training.map_data import MapData, shown_maps
from workers.training.spade import SpadeTraining
from workers.training.spade_methods import compress, spade

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gan_compression"


def state(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


def test_every_term_has_its_weight(
    spade_recipe: SpadeRecipe, maps: MapData, feature_network: Path
) -> None:
    seen = Perceptual(network=str(feature_network), levels=(1.0, 2.0), weight=11.0)
    weights = SpadeWeights(adversarial=2.0, feature_matching=3.0)
    losses = spade(replace(spade_recipe, perceptual=seen, weights=weights), maps).step(0)
    total = 2 * losses["adversarial"] + 3 * losses["feature_matching"] + 11 * losses["perceptual"]
    assert losses["generator"] == pytest.approx(total, rel=1e-5)
    assert losses["discriminator"] == pytest.approx(losses["real"] + losses["fake"], rel=1e-5)


@pytest.mark.parametrize("subnets", [1, 3])
def test_so_has_a_students(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData, subnets: int
) -> None:
    weights = SpadeStudentWeights(adversarial=2.0, feature_matching=3.0, distillation=5.0)
    recipe = replace(spade_compress_recipe, weights=weights, subnets=subnets, sandwich=subnets > 1)
    losses = compress(recipe, maps).step(0)
    total = 2 * losses["adversarial"] + 3 * losses["feature_matching"] + 5 * losses["distillation"]
    assert losses["generator"] == pytest.approx(total, rel=1e-5)


def test_terms_as_the_published_program_computes_them(tmp_path: Path) -> None:
    recorded = np.load(FIXTURES / "spade_full_teacher_and_losses.npz")
    size = GanCompressionParameters(
        generator="spade",
        base_channels=2,
        image_size=128,
        aspect_ratio=2.0,
        input_channels=5,
        upsampling="more",
    )
    teacher, supernet = (
        dense_teacher(size),
        SpadeSupernet(GanCompressionSpace(replace(size, base_channels=4))),
    )
    teacher.load_state_dict(state(recorded, "sd/"))
    supernet.load_state_dict(state(np.load(FIXTURES / "spade_super_ngf4.npz"), "sd/"))
    for network, name in ((teacher, "teacher"), (supernet, "supernet")):
        save_weights(network, tmp_path / f"{name}.safetensors")
    photographs = np.zeros((2, 3, 64, 128), np.uint8)
    shown = Maps(maps=np.zeros((2, 1, 64, 128), np.uint8), photographs=photographs, digest="")
    recipe = SpadeCompressRecipe(
        dataset="folder-of-maps",
        images=2,
        map_channels=5,
        upsampling="more",
        supernet=SpadeStudentSize(base_channels=4),
        teacher=SpadeTeacher(base_channels=2, weights=str(tmp_path / "teacher.safetensors")),
        initial=str(tmp_path / "supernet.safetensors"),
        critic=MultiScaleCritic(base_channels=8),
    )
    training = compress(recipe, MapData(train=shown, shown=shown, channels=5))
    training.critic.load_state_dict(state(recorded, "D/"))
    training.critic.eval()  # what was recorded refined no spectral norm
    assert training.tutor is not None
    for i, layer in enumerate(training.tutor.projections.layers):
        layer.load_state_dict(state(recorded, f"netA{i}/"))
    student = training.painter.network.eval()
    assert isinstance(student, SpadeSupernet)

    maps, real = torch.from_numpy(recorded["x"]).float(), torch.from_numpy(recorded["real_B"])
    wanted = training.tutor.features(maps)
    image, features = student.features(maps, student.space.parse("3_2_4_3_2_4_3_2"), tuple(wanted))
    terms = training.terms(
        image, features, maps=maps, real=real, wanted=wanted, critic=training.sight(Draws(0, 0))
    )
    student_terms = "student_cfg_3_2_4_3_2_4_3_2"
    expected = {
        "adversarial": recorded["hinge_G"].item(),
        "feature_matching": recorded["feat_match_lambda10"].item() / 10,
        "distillation": recorded[f"{student_terms}/distill_total_lambda10"].item() / 10,
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, abs=1e-4)
    weighted = expected["adversarial"] + 10 * (
        expected["feature_matching"] + expected["distillation"]
    )
    assert training.total(terms).item() == pytest.approx(weighted, rel=1e-4)
    projected = training.tutor.projections(features)
    for i, layer_name in enumerate(wanted):
        error = (projected[layer_name] - wanted[layer_name]).square().mean().item()
        assert error == pytest.approx(recorded[f"{student_terms}/distill{i}"].item(), rel=1e-4)


def test_an_image_like_the_photograph_matches_its_features_however_both_are_augmented(
    spade_recipe: SpadeRecipe, maps: MapData
) -> None:
    training = spade(
        replace(spade_recipe, augment=Augment(policy="color,translation,cutout")), maps
    )
    labels, photographs = shown_maps(maps)

    def matching(image: Tensor) -> float:
        sight = training.sight(Draws(0, 0))
        terms = training.terms(image, {}, maps=labels, real=photographs, wanted={}, critic=sight)
        return terms["feature_matching"].item()

    training.critic.eval()
    assert matching(photographs.clone()) < 1e-6 < matching(-photographs)


def test_maps_are_moved_with_their_photographs_and_never_coloured(
    spade_recipe: SpadeRecipe, maps: MapData
) -> None:
    labels, photographs = shown_maps(maps)
    both = torch.cat([labels, photographs], 1)

    def seen(policy: str) -> Tensor:
        training = spade(replace(spade_recipe, augment=Augment(policy=policy)), maps)
        return training.sight(Draws(0, 0)).shown_real(both)

    coloured, moved = seen("color"), seen("translation")
    assert torch.equal(coloured[:, : maps.channels], labels)
    assert not torch.equal(coloured[:, maps.channels :], photographs)
    marked = torch.cat([photographs[:, :1], photographs], 1)  # a map that is the photograph itself
    training = spade(replace(spade_recipe, augment=Augment(policy="translation,cutout")), maps)
    beside = training.sight(Draws(0, 0)).shown_fake(marked)
    assert torch.equal(beside[:, 0], beside[:, 1])
    assert not torch.equal(moved, both)


def test_the_painter_meets_the_old_discriminator_and_it_the_new_painter(
    spade_recipe: SpadeRecipe, maps: MapData, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, no_painter, no_critic = (spade(spade_recipe, maps) for _ in range(3))
    monkeypatch.setattr(no_painter.painter_adam, "step", lambda: None)
    monkeypatch.setattr(no_critic.critic_adam, "step", lambda: None)
    full, without_painter, without_critic = (t.step(0) for t in (both, no_painter, no_critic))
    assert full["generator"] == without_painter["generator"] == without_critic["generator"]
    assert full["fake"] == without_critic["fake"] != without_painter["fake"]
    assert full["real"] == without_painter["real"]


def test_the_discriminator_learns_four_times_as_fast(
    spade_recipe: SpadeRecipe, maps: MapData
) -> None:
    def rates(training: SpadeTraining) -> tuple[float, float]:
        training.step(0)
        adams = (training.painter_adam, training.critic_adam)
        painter, critic = (adam.param_groups[0]["lr"] for adam in adams)
        return painter, critic

    assert rates(spade(spade_recipe, maps)) == pytest.approx((1e-4, 4e-4))
    alike = replace(spade_recipe, adam=replace(spade_recipe.adam, two_rates=False))
    assert rates(spade(alike, maps)) == pytest.approx((2e-4, 2e-4))
    training = spade(spade_recipe, maps)
    assert training.painter_adam.param_groups[0]["betas"] == (0.0, 0.9)


def test_the_rate_falls_over_the_second_half(spade_recipe: SpadeRecipe, maps: MapData) -> None:
    training = spade(replace(spade_recipe, images=8), maps)
    rates = []
    for index in range(4):
        training.step(index)
        rates.append(training.critic_adam.param_groups[0]["lr"])
    assert rates == pytest.approx([4e-4, 4e-4, 4e-4 * 2 / 3, 4e-4 / 3])


def test_without_terms_for_it_the_discriminator_rests(
    spade_recipe: SpadeRecipe, maps: MapData, feature_network: Path
) -> None:
    seen = Perceptual(network=str(feature_network), levels=(1.0, 2.0))
    weights = SpadeWeights(adversarial=0.0, feature_matching=0.0)
    training = spade(replace(spade_recipe, perceptual=seen, weights=weights), maps)
    before = [parameter.clone() for parameter in training.critic.parameters()]
    assert set(training.step(0)) == {"perceptual", "generator"}
    after = training.critic.parameters()
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_images_come_nearer_to_the_photographs(
    spade_recipe: SpadeRecipe, maps: MapData, feature_network: Path
) -> None:
    seen = Perceptual(network=str(feature_network), levels=(1.0, 1.0))
    weights = SpadeWeights(adversarial=0.0, feature_matching=0.0)
    adam = replace(spade_recipe.adam, learning_rate=0.004)
    recipe = replace(spade_recipe, images=60, perceptual=seen, weights=weights, adam=adam)
    training = spade(recipe, maps)
    losses = [training.step(index)["perceptual"] for index in range(recipe.steps)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_projections_learn_and_the_teacher_does_not(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData
) -> None:
    training = compress(spade_compress_recipe, maps)
    assert training.tutor is not None
    teacher = training.tutor.teacher
    fixed = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    moved = [parameter.clone() for parameter in training.tutor.projections.parameters()]
    training.step(0)
    assert all(torch.equal(tensor, fixed[name]) for name, tensor in teacher.state_dict().items())
    after = training.tutor.projections.parameters()
    assert all(not torch.equal(old, new) for old, new in zip(moved, after, strict=True))


@pytest.mark.parametrize("adversarial", ["lsgan", "wgangp"])
def test_other_adversarial_losses(
    spade_recipe: SpadeRecipe, maps: MapData, adversarial: str
) -> None:
    losses = spade(replace(spade_recipe, adversarial=adversarial), maps).step(0)
    total = losses["real"] + losses["fake"] + 10 * losses.get("penalty", 0.0)
    assert losses["discriminator"] == pytest.approx(total, rel=1e-5)
    assert ("penalty" in losses) == (adversarial == "wgangp")


def test_half_precision_learns_about_the_same(spade_recipe: SpadeRecipe, maps: MapData) -> None:
    exact, rough = (
        spade(replace(spade_recipe, precision=name), maps).step(0)
        for name in ("float32", "bfloat16")
    )
    assert rough == pytest.approx(exact, rel=0.1, abs=0.1)
    assert rough != exact


def test_of_several_subnets_the_mean_gradient_counts(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = []
    for count in (1, 3):
        training = compress(spade_compress_recipe, maps)
        training.critic.eval()  # so that its spectral norms stay
        subnets = training.painter.draw(Draws(0, 0))
        monkeypatch.setattr(training.painter, "draw", lambda _, s=subnets, n=count: s * n)
        training.step(0)
        gradients.append(training.painter.network.get_parameter("conv_img.weight").grad)
    assert_close(gradients[1], gradients[0], rtol=1e-3, atol=1e-6)
