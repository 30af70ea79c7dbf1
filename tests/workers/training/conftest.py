"""Training runs small enough for a test: a few steps of tiny networks on random images."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

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
from search_service.recipes.spade import (
    MultiScaleCritic,
    SpadeCompressRecipe,
    SpadeFinetuneRecipe,
    SpadeRecipe,
    SpadeScratchRecipe,
    SpadeSize,
    SpadeStudentSize,
    SpadeTeacher,
)
from search_service.recipes.translation import CriticSize, GeneratorSize, Teacher
from search_service.spaces.anycost import AnycostParameters
from workers.checkpoints import save_weights
from workers.images import Domains, Maps
from workers.images.domains import domains
from workers.training.map_data import MapData
from workers.training.pix2pix import Pix2pixTraining
from workers.training.spade_methods import compress as compress_spade
from workers.training.spade_methods import spade
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
PAINTING: dict[str, Any] = {  # what the recipes of SPADE generators share
    "dataset": "folder-of-maps",  # by name only
    "images": 6,
    "batch": 2,
    "seed": 3,
    "map_channels": 4,
    "critic": MultiScaleCritic(base_channels=2, layers=2),
    "records": Records(log_every=2, checkpoint_every=2, grid_every=3),
}
SPADE_STUDENT = PAINTING | {"supernet": SpadeStudentSize(base_channels=4)}


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


def random_maps(count: int) -> Maps:
    """32 high, 64 wide, of three classes and edges; a class has its own colour, but for noise."""
    rng = np.random.default_rng(count)
    labels = rng.integers(3, size=(count, 1, 4, 8), dtype=np.uint8).repeat(8, 2).repeat(8, 3)
    edges = rng.integers(2, size=labels.shape, dtype=np.uint8)
    colours = np.array([[20, 200, 90], [240, 60, 10], [130, 130, 250]], np.uint8)
    painted = colours[labels[:, 0]].transpose(0, 3, 1, 2)
    noise = rng.integers(6, size=painted.shape, dtype=np.uint8)
    both = np.concatenate([labels, edges], 1)
    return Maps(maps=both, photographs=painted + noise, digest=str(count))


@pytest.fixture
def maps() -> MapData:
    return MapData(train=random_maps(5), shown=random_maps(2), channels=4)


@pytest.fixture
def spade_recipe() -> SpadeRecipe:
    return SpadeRecipe(**PAINTING, generator=SpadeSize(base_channels=2))


@pytest.fixture
def spade_teacher(spade_recipe: SpadeRecipe, maps: MapData, tmp_path: Path) -> SpadeTeacher:
    """Of nearly random weights, on disk."""
    path = tmp_path / "teacher" / "generator.safetensors"
    training = spade(spade_recipe, maps)
    training.step(0)  # which finds the weights' spectral norms
    save_weights(training.kept()["generator"], path)
    return SpadeTeacher(weights=str(path), base_channels=2)


@pytest.fixture
def spade_compress_recipe(spade_teacher: SpadeTeacher) -> SpadeCompressRecipe:
    return SpadeCompressRecipe(**SPADE_STUDENT, teacher=spade_teacher)


@pytest.fixture
def spade_finetune_recipe(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData, tmp_path: Path
) -> SpadeFinetuneRecipe:
    """From a supernet of random weights, on disk."""
    path = tmp_path / "supernet.safetensors"
    save_weights(compress_spade(spade_compress_recipe, maps).kept()["supernet"], path)
    teacher = spade_compress_recipe.teacher
    return SpadeFinetuneRecipe(
        **SPADE_STUDENT, teacher=teacher, architecture=ARCHITECTURE, initial=str(path)
    )


@pytest.fixture
def spade_scratch_recipe(spade_teacher: SpadeTeacher) -> SpadeScratchRecipe:
    return SpadeScratchRecipe(**SPADE_STUDENT, teacher=spade_teacher, architecture=ARCHITECTURE)


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


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[[nn.Module], Path]:
    """Writes a network as TorchScript."""

    def write(module: nn.Module) -> Path:
        path = tmp_path / "network.pt"
        with warnings.catch_warnings():
            # TorchScript is deprecated, but it is what such networks are published in.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.jit.script(module).save(str(path))  # type: ignore[no-untyped-call]
        return path

    return write


class TwoLevels(nn.Module):
    """What stands for a network that was trained to see: two maps, of random filters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> list[Tensor]:
        fine = torch.relu(self.first(x))
        return [fine, torch.sigmoid(self.second(fine) * 1.3 + 0.2).tanh()]


@pytest.fixture
def feature_network(scripted: Callable[[nn.Module], Path]) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return scripted(TwoLevels())
