"""The network of the standard FID features: Inception-v3 as TensorFlow published it in 2015.

Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2015) with the details of
that file: 1008 outputs, averages of the pooled branches over real pixels alone, and a maximum in
the pooled branch of the last block. The names are those of the state dict in common use.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from workers.evaluators.extractors.inception_blocks import (
    ConvNorm,
    Grid8,
    Grid17,
    Grid35,
    Shrink17,
    Shrink35,
)
from workers.evaluators.extractors.tf_resize import tf_bilinear

SIDE = 299
OUTPUTS = 1008
TAPS = (64, 192, 768, 2048)  # sizes of the pooled features that are in use, in their order


class InceptionNetwork(nn.Module):
    """uint8 images (n, 3, h, w) to pooled features; for inference."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = ConvNorm(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = ConvNorm(32, 32, 3)
        self.Conv2d_2b_3x3 = ConvNorm(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = ConvNorm(64, 80, 1)
        self.Conv2d_4a_3x3 = ConvNorm(80, 192, 3)
        self.Mixed_5b = Grid35(192, 32)
        self.Mixed_5c = Grid35(256, 64)
        self.Mixed_5d = Grid35(288, 64)
        self.Mixed_6a = Shrink35(288)
        self.Mixed_6b = Grid17(768, 128)
        self.Mixed_6c = Grid17(768, 160)
        self.Mixed_6d = Grid17(768, 160)
        self.Mixed_6e = Grid17(768, 192)
        self.Mixed_7a = Shrink17(768)
        self.Mixed_7b = Grid8(1280, pool="average")
        self.Mixed_7c = Grid8(2048, pool="maximum")
        self.fc = nn.Linear(2048, OUTPUTS)

    def forward(self, images: Tensor) -> Tensor:
        """The features of the last tap, (n, 2048)."""
        return self.taps(images)[2048]

    def taps(self, images: Tensor) -> Mapping[int, Tensor]:
        """Pooled features (n, size) by their size."""
        x = normalised(images)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        first = nn.functional.max_pool2d(x, 3, 2)  # (n, 64, 73, 73)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(first))
        second = nn.functional.max_pool2d(x, 3, 2)  # (n, 192, 35, 35)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(second)))
        x = self.Mixed_6b(self.Mixed_6a(x))
        third = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(x)))  # (n, 768, 17, 17)
        last = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(third)))  # (n, 2048, 8, 8)
        maps = zip(TAPS, (first, second, third, last), strict=True)
        return {size: pixels.mean(dim=(2, 3)) for size, pixels in maps}

    def logits(self, features: Tensor) -> Tensor:
        """Features (n, 2048) to class logits (n, 1008), without the bias of the last layer: so the
        published inception scores are computed."""
        return features @ self.fc.weight.T


def normalised(images: Tensor) -> Tensor:
    """uint8 (n, 3, h, w) to what the network sees, float32 (n, 3, 299, 299)."""
    return tf_bilinear(images.float(), SIDE).sub_(128.0).div_(128.0)


def parameter_count() -> int:
    """Weights, biases, and the scales of batch norms; not their running statistics."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in InceptionNetwork().parameters())
