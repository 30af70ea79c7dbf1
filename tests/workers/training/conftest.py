"""A training run small enough for a test: a few steps of a tiny supernet on random images."""

import pytest
import torch
from torch import Tensor

from search_service.spaces.anycost import AnycostParameters
from workers.training.anycost_recipe import R1, AnycostRecipe, Critic, Distillation, Sampling
from workers.training.recipe import Records


@pytest.fixture
def tiny() -> AnycostRecipe:
    return AnycostRecipe(
        images=32,
        batch=4,
        seed=3,
        mixing=0.5,
        generator=AnycostParameters(
            resolution=16,
            channel_multiplier=1 / 128,
            channel_max=16,
            style_dim=8,
            mapping_layers=1,
            image_channels=1,
        ),
        sampling=Sampling(sides={"16": 0.6, "8": 0.4}),
        critic=Critic(channel_multiplier=1 / 128, channel_max=16),
        r1=R1(every=3),
        distillation=Distillation(from_images=8),
        records=Records(log_every=2, checkpoint_every=3, grid_every=4),
    )


@pytest.fixture
def real() -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (20, 1, 16, 16), dtype=torch.uint8, generator=rng)
