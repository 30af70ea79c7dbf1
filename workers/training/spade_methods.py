"""The trainings of SPADE generators: `spade` makes a teacher; `compress`, `finetune` and `scratch`
teach a supernet of them, one of its subnets, and such a subnet from random weights."""

from pathlib import Path

import torch

from search_service.recipes.spade import (
    SpadeCompressRecipe,
    SpadeFinetuneRecipe,
    SpadeRecipe,
    SpadeScratchRecipe,
    SpadeStudentRecipe,
)
from search_service.spaces.gan_compression import GanCompressionSpace
from workers.checkpoints import load_weights
from workers.evaluators.channels_last import channels_last
from workers.layers.initialisation import initialise_xavier
from workers.supernets.gan_compression.spade import SpadeSupernet, new_subnet
from workers.supernets.gan_compression.spade_generator import SpadeGenerator
from workers.supernets.gan_compression.spade_network import SpadeNetwork, require_taps
from workers.supernets.gan_compression.spade_pruning import initialise_spade_from_wider
from workers.training.distillation import Projections
from workers.training.map_data import MapData, open_maps
from workers.training.methods import METHODS
from workers.training.painters import SpectralPainter, SubnetPainter, SupernetPainter
from workers.training.spade import SpadeTraining, Tutor
from workers.training.spade_networks import new_generator, read_teacher


def spade(recipe: SpadeRecipe, data: MapData) -> SpadeTraining:
    """Of a teacher."""
    torch.manual_seed(recipe.seed)
    parameters = data.parameters(recipe.generator.base_channels, recipe.upsampling)
    learning, plain = (
        new_generator(recipe.generator, parameters, spectral=spectral) for spectral in (True, False)
    )
    return SpadeTraining(recipe, data, SpectralPainter(learning, plain))


def compress(recipe: SpadeCompressRecipe, data: MapData) -> SpadeTraining:
    """Of a supernet."""
    torch.manual_seed(recipe.seed)
    supernet = channels_last(new_supernet(recipe, data, recipe.initial))
    if recipe.pruned_from_teacher:
        initialise_spade_from_wider(supernet, _teacher(recipe, data))
    painter = SupernetPainter(
        supernet,
        subnets=recipe.subnets,
        sandwich=recipe.sandwich,
        batches=data.calibration(),
    )
    return SpadeTraining(recipe, data, painter, _tutor(recipe, data, supernet))


def finetune(recipe: SpadeFinetuneRecipe, data: MapData) -> SpadeTraining:
    """Of a subnet that begins with its weights in the supernet."""
    torch.manual_seed(recipe.seed)
    supernet = new_supernet(recipe, data, recipe.initial)
    subnet = channels_last(supernet.extract(supernet.space.parse(recipe.architecture)))
    painter = SubnetPainter(subnet, data.calibration())
    return SpadeTraining(recipe, data, painter, _tutor(recipe, data, subnet))


def scratch(recipe: SpadeScratchRecipe, data: MapData) -> SpadeTraining:
    """Of a subnet that begins with random weights, or as a part of its teacher."""
    torch.manual_seed(recipe.seed)
    space = _space(recipe, data)
    subnet = channels_last(new_subnet(space, space.parse(recipe.architecture)))
    if recipe.pruned_from_teacher:
        initialise_spade_from_wider(subnet, _teacher(recipe, data))
    painter = SubnetPainter(subnet, data.calibration())
    return SpadeTraining(recipe, data, painter, _tutor(recipe, data, subnet))


def new_supernet(recipe: SpadeStudentRecipe, data: MapData, initial: str) -> SpadeSupernet:
    """The supernet of a recipe, from the file `initial` if one is named."""
    supernet = SpadeSupernet(_space(recipe, data))
    if initial:
        load_weights(supernet, Path(initial))
    return supernet


def _space(recipe: SpadeStudentRecipe, data: MapData) -> GanCompressionSpace:
    size = recipe.supernet
    return GanCompressionSpace(data.parameters(size.base_channels, recipe.upsampling, size.space))


def _teacher(recipe: SpadeStudentRecipe, data: MapData) -> SpadeGenerator:
    parameters = data.parameters(recipe.teacher.base_channels, recipe.upsampling)
    return read_teacher(recipe.teacher, parameters)


def _tutor(recipe: SpadeStudentRecipe, data: MapData, student: SpadeNetwork) -> Tutor | None:
    """Raises InvalidInput for a mapped layer that does not exist."""
    if not recipe.weights.distillation:
        return None
    require_taps(recipe.layers)
    teacher = _teacher(recipe, data)
    channels = {
        layer: (student.tap_channels(layer), teacher.tap_channels(layer)) for layer in recipe.layers
    }
    projections = Projections(channels)
    initialise_xavier(projections)
    return Tutor(teacher=teacher, projections=projections, weight=recipe.weights.distillation)


METHODS.register("spade")(lambda recipe, folder: spade(recipe, open_maps(recipe, folder)))
