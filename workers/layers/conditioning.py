"""What a discriminator is told: which architecture made the image, and which class it shows.

Anycost GANs (Lin et al., CVPR 2021), section 3.3; cGANs with Projection Discriminator (Miyato and
Koyama, 2018), equation 4.
"""

import math

import torch
from torch import Tensor, nn


class ArchitectureModulation(nn.Module):
    """x * (A code + a + 1) + (B code + b): one scale and one shift per channel."""

    def __init__(self, code_size: int, channels: int) -> None:
        super().__init__()
        self.weight_mapping = nn.Linear(code_size, channels)
        self.bias_mapping = nn.Linear(code_size, channels)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """code (code_size,), one for the whole batch; the scale and the shift, (channels,) each."""
        return self.weight_mapping(code) + 1, self.bias_mapping(code)


class LabelProjection(nn.Module):
    """The inner product of an image's features with a learnt vector of its class.

    At an equalised learning rate: over the square root of the features' count.
    """

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, features))
        self.scale = 1 / math.sqrt(features)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """(n, features) and labels (n,) to (n, 1)."""
        return (features * (self.weight[labels] * self.scale)).sum(1, keepdim=True)
