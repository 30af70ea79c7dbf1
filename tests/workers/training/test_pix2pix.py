from dataclasses import replace
from pathlib import Path

import pytest
import torch

from search_service.errors import InvalidInput
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.pix2pix import Pix2pixRecipe
from workers.training.pix2pix import Pix2pixTraining
from workers.training.translation_data import TranslationData


@pytest.mark.parametrize("adversarial", ["hinge", "lsgan", "wgangp"])
def test_the_terms_add_up(
    pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData, adversarial: str
) -> None:
    recipe = replace(pix2pix_recipe, adversarial=adversarial, reconstruction=7.0)
    losses = Pix2pixTraining(recipe, pairs).step(0)
    total = losses["adversarial"] + 7.0 * losses["reconstruction"]
    assert losses["generator"] == pytest.approx(total)


def test_a_perceptual_term_is_added(
    pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData, feature_network: Path
) -> None:
    seen = Perceptual(network=str(feature_network), levels=(1.0, 2.0), weight=11.0)
    recipe = replace(pix2pix_recipe, reconstruction=7.0, perceptual=seen)
    losses = Pix2pixTraining(recipe, pairs).step(0)
    total = losses["adversarial"] + 7.0 * losses["reconstruction"] + 11.0 * losses["perceptual"]
    assert losses["perceptual"] > 0
    assert losses["generator"] == pytest.approx(total)


def test_the_discriminator_judges_the_image_beside_its_input(
    pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData
) -> None:
    training = Pix2pixTraining(pix2pix_recipe, pairs)
    seen: list[torch.Tensor] = []
    training.critic.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    training.step(0)
    assert all(images.shape[1] == 2 for images in seen)
    real, fake, *_ = seen
    assert torch.equal(real[:, 0], fake[:, 0])
    assert not torch.equal(real[:, 1], fake[:, 1])


def test_reconstruction_alone_comes_down(
    pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData
) -> None:
    recipe = replace(pix2pix_recipe, images=160)
    training = Pix2pixTraining(recipe, pairs)
    losses = [training.step(index)["reconstruction"] for index in range(recipe.steps)]
    assert sum(losses[-10:]) < 0.95 * sum(losses[:10])


def test_data_without_pairs_is_refused_with_what_would_do(
    pix2pix_recipe: Pix2pixRecipe, unpaired: TranslationData
) -> None:
    with pytest.raises(InvalidInput, match="cyclegan does without"):
        Pix2pixTraining(pix2pix_recipe, unpaired)


def test_the_generator_faces_a_discriminator_that_has_just_learnt(
    pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning, resting = (Pix2pixTraining(pix2pix_recipe, pairs) for _ in range(2))
    monkeypatch.setattr(resting.critic_adam, "step", lambda: None)
    assert learning.step(0)["adversarial"] != resting.step(0)["adversarial"]
