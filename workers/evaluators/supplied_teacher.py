"""A teacher that a search brings: a trained generator of its own size beside the supernet's."""

import hashlib
from dataclasses import replace

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidFile
from search_service.spaces.gan_compression import GanCompressionParameters
from workers.checkpoint_files import decode
from workers.checkpoint_uri import content_at
from workers.checkpoints import fill
from workers.evaluators.calibrated import MapBatches
from workers.evaluators.placement import CPU
from workers.supernets.gan_compression import resnet_generator, spade_generator


class TeacherNetwork:
    """See Generator: the architecture that is asked for does not matter."""

    def __init__(self, network: nn.Module, map_channels: int | None = None) -> None:
        """`map_channels`: where it paints label maps, which come as they are stored."""
        self._network, self._map_channels = network, map_channels

    def __call__(self, x: Tensor, architecture: Architecture) -> Tensor:
        """Images or maps to float images (n, c, h, w)."""
        if self._map_channels is None:
            images: Tensor = self._network(x)
            return images
        return torch.cat([self._network(batch) for batch in MapBatches(x, self._map_channels)])


def open_teacher(
    teacher: SuppliedTeacher, parameters: GanCompressionParameters, *, placement: torch.device = CPU
) -> TeacherNetwork:
    """For a supernet of these parameters, whose inputs and images it shares, placed there.

    Raises InvalidFile when it cannot be read, is another than its digest says, or does not fit.
    """
    content = content_at(teacher.checkpoint)
    digest = hashlib.sha256(content).hexdigest()
    if digest != teacher.digest:
        raise InvalidFile(
            f"{teacher.checkpoint} has changed: its SHA-256 is {digest}, the search was accepted "
            f"with {teacher.digest}"
        )
    size = replace(
        parameters,
        base_channels=teacher.base_channels,
        blocks=teacher.blocks,
        space="",
        channels=(),
    )
    paints = parameters.generator == "spade"
    family = spade_generator if paints else resnet_generator
    build = family.dense_teacher if teacher.kind == "dense" else family.mobile_generator
    network = build(size)
    fill(network, decode(content, teacher.checkpoint), source=teacher.checkpoint)
    network.requires_grad_(False).eval().to(placement)
    return TeacherNetwork(network, parameters.input_channels if paints else None)
