"""Training runs small enough for a test: a few steps of tiny networks on random images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from search_service.recipes.anycost import R1, AnycostRecipe, Critic, Distillation, Sampling
from search_service.recipes.compression import (
    CompressRecipe,
    FinetuneRecipe,
    ScratchRecipe,
    StudentSize,
)
from search_service.recipes.cyclegan import CycleganRecipe
from search_service.recipes.pix2pix import Pix2pixRecipe
from search_service.recipes.records import Records
from search_service.recipes.translation import CriticSize, GeneratorSize, Teacher
from search_service.spaces.anycost import AnycostParameters
from workers.checkpoints import save_weights
from workers.images import Domains
from workers.images.domains import domains
from workers.training.pix2pix import Pix2pixTraining
from workers.training.translation_data import TranslationData

TRANSLATION: dict[str, Any] = {  # what the image-to-image recipes share
    "dataset": "fashion-mnist-edges",  # by name only: the tests hand in their own
    "images": 16,
    "batch": 2,
    "seed": 3,
    "critic": CriticSize(base_channels=2, layers=1),
    "records": Records(log_every=2, checkpoint_every=3, grid_every=4),
}
GENERATOR = GeneratorSize(kind="dense", base_channels=2, blocks=3)
STUDENT = TRANSLATION | {"supernet": StudentSize(base_channels=4, blocks=3)}
ARCHITECTURE = "2_1_2_4_1_3_2_4"


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


def random_domains(count: int, *, paired: bool) -> Domains:
    rng = np.random.default_rng(count)
    inputs, targets = rng.integers(256, size=(2, count, 1, 16, 16), dtype=np.uint8)
    return domains(inputs, targets, paired=paired)


@pytest.fixture
def pairs() -> TranslationData:
    return TranslationData(
        train=random_domains(10, paired=True), shown=random_domains(5, paired=True)
    )


@pytest.fixture
def unpaired() -> TranslationData:
    return TranslationData(
        train=random_domains(10, paired=False), shown=random_domains(5, paired=False)
    )


@pytest.fixture
def pix2pix_recipe() -> Pix2pixRecipe:
    return Pix2pixRecipe(**TRANSLATION, generator=GENERATOR)


@pytest.fixture
def cyclegan_recipe() -> CycleganRecipe:
    return CycleganRecipe(**TRANSLATION, generator=GENERATOR, pool=3)


@pytest.fixture
def teacher(pix2pix_recipe: Pix2pixRecipe, pairs: TranslationData, tmp_path: Path) -> Teacher:
    """Of random weights, on disk."""
    path = tmp_path / "teacher" / "generator.safetensors"
    save_weights(Pix2pixTraining(pix2pix_recipe, pairs).generator, path)
    return Teacher(weights=str(path), base_channels=2, blocks=3)


@pytest.fixture
def compress_recipe(teacher: Teacher) -> CompressRecipe:
    return CompressRecipe(**STUDENT, teacher=teacher)


@pytest.fixture
def finetune_recipe(teacher: Teacher) -> FinetuneRecipe:
    """`initial` is for the test to say."""
    return FinetuneRecipe(**STUDENT, teacher=teacher, architecture=ARCHITECTURE, initial="")


@pytest.fixture
def scratch_recipe(teacher: Teacher) -> ScratchRecipe:
    return ScratchRecipe(**STUDENT, teacher=teacher, architecture=ARCHITECTURE)
