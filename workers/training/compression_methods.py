"""Three trainings of a smaller generator: `compress` teaches a supernet, `finetune` one of its
subnets on its own, `scratch` such a subnet from random weights."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from search_service.recipes.compression import (
    CompressRecipe,
    FinetuneRecipe,
    ScratchRecipe,
    StudentRecipe,
)
from search_service.recipes.spade import SpadeStudentRecipe
from workers import supernets
from workers.checkpoints import load_weights
from workers.evaluators.channels_last import channels_last
from workers.supernets.gan_compression.pruning import initialise_from_wider
from workers.supernets.gan_compression.resnet import ResnetSupernet, new_subnet
from workers.training import spade_methods
from workers.training.compression import CompressionTraining
from workers.training.map_data import MapData, open_maps
from workers.training.methods import METHODS, Training
from workers.training.spade import SpadeTraining
from workers.training.students import FixedStudent, SupernetStudent
from workers.training.translation_data import ImageSizes, TranslationData, open_data
from workers.training.translation_networks import read_teacher

R = TypeVar("R", bound=StudentRecipe)
P = TypeVar("P", bound=SpadeStudentRecipe)


def new_supernet(recipe: StudentRecipe, sizes: ImageSizes, initial: str) -> ResnetSupernet:
    """The supernet of a recipe, from the file `initial` if one is named."""
    parameters = {
        "base_channels": recipe.supernet.base_channels,
        "blocks": recipe.supernet.blocks,
        "space": recipe.supernet.space,
        "image_size": sizes.side,
        "input_channels": sizes.inputs,
        "output_channels": sizes.targets,
    }
    supernet = supernets.build("gan-compression", parameters)
    assert isinstance(supernet, ResnetSupernet)
    if initial:
        load_weights(supernet, Path(initial))
    return channels_last(supernet)


def compress(recipe: CompressRecipe, data: TranslationData) -> CompressionTraining:
    """Of a supernet."""
    torch.manual_seed(recipe.seed)
    supernet = new_supernet(recipe, data.sizes, recipe.initial)
    if recipe.pruned_from_teacher:
        initialise_from_wider(supernet, read_teacher(recipe.teacher, data.sizes))
    student = SupernetStudent(supernet, subnets=recipe.subnets, sandwich=recipe.sandwich)
    return CompressionTraining(recipe, data, student)


def finetune(recipe: FinetuneRecipe, data: TranslationData) -> CompressionTraining:
    """Of a subnet that begins with its weights in the supernet."""
    torch.manual_seed(recipe.seed)
    supernet = new_supernet(recipe, data.sizes, recipe.initial)
    subnet = supernet.extract(supernet.space.parse(recipe.architecture))
    return CompressionTraining(recipe, data, FixedStudent(channels_last(subnet)))


def scratch(recipe: ScratchRecipe, data: TranslationData) -> CompressionTraining:
    """Of a subnet that begins with random weights, or as a part of its teacher."""
    torch.manual_seed(recipe.seed)
    space = new_supernet(recipe, data.sizes, "").space
    subnet = new_subnet(space, space.parse(recipe.architecture))
    if recipe.pruned_from_teacher:
        initialise_from_wider(subnet, read_teacher(recipe.teacher, data.sizes))
    return CompressionTraining(recipe, data, FixedStudent(channels_last(subnet)))


def _begin(
    method: Callable[[R, TranslationData], CompressionTraining],
    painting: Callable[[P, MapData], SpadeTraining],
) -> Callable[[R | P, Path | None], Training]:
    """By the kind of generators that the recipe is for."""

    def begin(recipe: R | P, folder: Path | None) -> Training:
        if isinstance(recipe, SpadeStudentRecipe):
            return painting(recipe, open_maps(recipe, folder))
        return method(recipe, open_data(recipe.dataset, folder))

    return begin


METHODS.register("compress")(_begin(compress, spade_methods.compress))
METHODS.register("finetune")(_begin(finetune, spade_methods.finetune))
METHODS.register("scratch")(_begin(scratch, spade_methods.scratch))
