"""The networks of SPADE trainings, from their sizes in a recipe."""

from pathlib import Path

from search_service.recipes.spade import MultiScaleCritic, SpadeSize, SpadeTeacher
from search_service.spaces.gan_compression import GanCompressionParameters
from workers.checkpoints import load_weights
from workers.discriminators.multiscale import MultiScaleDiscriminator
from workers.evaluators.channels_last import channels_last
from workers.supernets.gan_compression.spade_generator import (
    SpadeGenerator,
    dense_teacher,
    mobile_generator,
)


def new_generator(
    size: SpadeSize, parameters: GanCompressionParameters, *, spectral: bool
) -> SpadeGenerator:
    """With fresh random weights; `parameters` have its width."""
    build = dense_teacher if size.kind == "dense" else mobile_generator
    return channels_last(build(parameters, spectral=spectral))


def read_teacher(teacher: SpadeTeacher, parameters: GanCompressionParameters) -> SpadeGenerator:
    """The trained generator, its weights and statistics fixed. Raises InvalidFile as `load_weights`
    does."""
    generator = new_generator(teacher, parameters, spectral=False)
    load_weights(generator, Path(teacher.weights))
    return generator.requires_grad_(False).eval()


def new_critic(size: MultiScaleCritic, channels: int) -> MultiScaleDiscriminator:
    """Of maps and images joined, from the file that its size names if there is one."""
    critic = MultiScaleDiscriminator(
        channels, base_channels=size.base_channels, layers=size.layers, scales=size.scales
    )
    if size.weights:
        load_weights(critic, Path(size.weights))
    return critic
