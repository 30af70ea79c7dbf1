from dataclasses import replace
from pathlib import Path

import pytest
import torch

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.translation import CriticSize, GeneratorSize, Teacher
from workers.checkpoints import save_weights
from workers.training.translation_data import ImageSizes
from workers.training.translation_networks import new_critic, new_generator, read_teacher

SIZES = ImageSizes(inputs=1, targets=3, side=16)
SMALL = GeneratorSize(base_channels=2, blocks=2)


@pytest.mark.parametrize("kind", ["dense", "mobile"])
def test_a_generator_makes_targets_of_inputs(kind: str) -> None:
    generator = new_generator(replace(SMALL, kind=kind), SIZES)
    assert generator(torch.zeros(2, 1, 16, 16)).shape == (2, 3, 16, 16)
    assert generator.dense == (kind == "dense")


def test_a_teacher_is_what_was_saved_and_learns_no_more(tmp_path: Path) -> None:
    generator = new_generator(SMALL, SIZES)
    save_weights(generator, tmp_path / "teacher.safetensors")
    size = Teacher(base_channels=2, blocks=2, weights=str(tmp_path / "teacher.safetensors"))
    teacher = read_teacher(size, SIZES)
    x = torch.randn(1, 1, 16, 16)
    assert torch.equal(teacher(x), generator(x))
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_a_teacher_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = Teacher(base_channels=2, blocks=2, weights=str(tmp_path / "none.safetensors"))
    with pytest.raises(InvalidFile, match=r"none\.safetensors"):
        read_teacher(missing, SIZES)


def test_images_too_small_for_the_discriminator_are_told() -> None:
    critic = new_critic(CriticSize(base_channels=2, layers=4), 1)
    with pytest.raises(InvalidInput, match="sides from 48"):
        critic(torch.zeros(1, 1, 16, 16))
