from dataclasses import replace

import numpy as np
import pytest
import torch

from search_service.errors import InvalidInput
from search_service.recipes.cyclegan import CycleganRecipe
from workers.images.domains import domains
from workers.training.cyclegan import CycleganTraining
from workers.training.translation_data import TranslationData


@pytest.mark.parametrize("identity", [0.0, 0.5])
def test_the_terms_add_up(
    cyclegan_recipe: CycleganRecipe, unpaired: TranslationData, identity: float
) -> None:
    losses = CycleganTraining(replace(cyclegan_recipe, identity=identity), unpaired).step(0)
    unchanged = losses.get("identity", 0.0)
    total = losses["adversarial"] + 10 * losses["cycle"] + 10 * identity * unchanged
    assert losses["generator"] == pytest.approx(total)
    assert ("identity" in losses) == bool(identity)


def test_the_discriminators_are_shown_the_pools_images(
    cyclegan_recipe: CycleganRecipe, unpaired: TranslationData
) -> None:
    training = CycleganTraining(replace(cyclegan_recipe, pool=3), unpaired)
    seen: list[torch.Tensor] = []
    training.target_critic.register_forward_pre_hook(lambda _, x: seen.append(x[0].detach()))
    for index in range(4):
        before = [image.clone() for image in training.target_pool.images]
        seen.clear()
        training.step(index)
        fresh, _, shown, *_ = seen  # for the generator; a real one, a pool's; what is watched
        known = [*before, *fresh]
        assert all(any(torch.equal(image, k) for k in known) for image in shown)
    assert len(training.target_pool.images) == 3


def test_domains_of_other_channels_have_no_identity_term(cyclegan_recipe: CycleganRecipe) -> None:
    data = domains(
        np.zeros((4, 1, 16, 16), np.uint8), np.zeros((4, 3, 16, 16), np.uint8), paired=False
    )
    both = TranslationData(train=data, shown=data)
    with pytest.raises(InvalidInput, match="then identity must be 0"):
        CycleganTraining(cyclegan_recipe, both)
    training = CycleganTraining(replace(cyclegan_recipe, identity=0.0), both)
    assert training.step(0)["cycle"] > 0
