"""The networks of image-to-image trainings, from their sizes in a recipe."""

from pathlib import Path

from search_service.recipes.translation import CriticSize, GeneratorSize, Teacher
from search_service.spaces.gan_compression import GanCompressionParameters
from workers.checkpoints import load_weights
from workers.discriminators.patch import PatchDiscriminator
from workers.evaluators.channels_last import channels_last
from workers.supernets.gan_compression.resnet_generator import (
    ResnetGenerator,
    dense_teacher,
    mobile_generator,
)
from workers.training.translation_data import ImageSizes


def new_generator(size: GeneratorSize, images: ImageSizes) -> ResnetGenerator:
    """With fresh random weights."""
    parameters = GanCompressionParameters(
        base_channels=size.base_channels,
        blocks=size.blocks,
        image_size=images.side,
        input_channels=images.inputs,
        output_channels=images.targets,
    )
    build = dense_teacher if size.kind == "dense" else mobile_generator
    return channels_last(build(parameters))


def read_teacher(teacher: Teacher, images: ImageSizes) -> ResnetGenerator:
    """The trained generator, its weights fixed. Raises InvalidFile as `load_weights` does."""
    generator = new_generator(teacher, images)
    load_weights(generator, Path(teacher.weights))
    return generator.requires_grad_(False).eval()


def new_critic(size: CriticSize, channels: int) -> PatchDiscriminator:
    """A PatchGAN of images of these channels, from the file that its size names if there is one."""
    critic = PatchDiscriminator(channels, base_channels=size.base_channels, layers=size.layers)
    if size.weights:
        load_weights(critic, Path(size.weights))
    return channels_last(critic)
