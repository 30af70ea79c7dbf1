"""Distillation of features: a student's layers are to hold what a teacher's do.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., 2020),
equation 3.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_service.spaces.gan_compression.resnet_channels import group_sizes
from workers.layers.dynamic import DynamicConv2d
from workers.layers.initialisation import initialise_normal
from workers.supernets.gan_compression.resnet_layers import FIRST_BLOCK

Features = Mapping[str, Tensor]  # a layer's output (n, c, h, w) by the layer's name


class Projections(nn.Module):
    """A learned 1x1 convolution per mapped layer, from the student's channels to the teacher's.

    A narrow student's features are its first channels, and meet the first of the weights.
    """

    def __init__(self, channels: Mapping[str, tuple[int, int]]) -> None:
        """`channels`: by layer, the student's at full width and the teacher's."""
        super().__init__()
        self.names = tuple(channels)
        self.layers = nn.ModuleList(DynamicConv2d(c, t, 1) for c, t in channels.values())
        initialise_normal(self)

    def forward(self, student: Features) -> dict[str, Tensor]:
        """The student's features as the teacher might have them, by layer."""
        pairs = zip(self.names, self.layers, strict=True)
        return {name: layer(student[name]) for name, layer in pairs}


def feature_distance(projected: Features, teacher: Features) -> Tensor:
    """The mean squared error at every mapped layer, summed; a scalar."""
    errors = [F.mse_loss(projected[name].float(), teacher[name].float()) for name in projected]
    return torch.stack(errors).sum()


def mapped_channels(student: Features, teacher: Features) -> dict[str, tuple[int, int]]:
    """The channels of both by layer: what `Projections` is built from."""
    return {name: (student[name].shape[1], teacher[name].shape[1]) for name in student}


def mapped_layers(blocks: int) -> tuple[str, ...]:
    """After the second downward step, and the last block of each group: 9, 12, 15, 18 of 9 blocks.

    As published; a group without blocks has none.
    """
    last = FIRST_BLOCK - 1
    places = [last]
    for size in group_sizes(blocks):
        last += size
        places.append(last)
    return tuple(f"model.{place}" for place in dict.fromkeys(places))
