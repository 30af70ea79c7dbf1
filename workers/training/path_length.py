"""Path length regularisation: equal steps in style change the image equally much.

Analyzing and Improving the Image Quality of StyleGAN (Karras et al., 2020), section 3.2.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from workers.training.sharing import whole


def path_lengths(image: Tensor, styles: Tensor, noise: Tensor) -> Tensor:
    """How much a random projection of each image changes with its styles, (n,).

    `image` (n, c, h, w) made from `styles` (n, layers, style_dim), which require a gradient;
    `noise` standard normal, of the image's shape. The norm is the root of the mean over layers.
    """
    projection = (image * noise).sum() / math.sqrt(image.shape[2] * image.shape[3])
    (slope,) = torch.autograd.grad(projection, styles, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


class PathLengthMean:
    """The running mean of the lengths, which every length is pulled to."""

    def __init__(self, decay: float) -> None:
        self.value = torch.zeros(())
        self._decay = decay

    def penalty(self, lengths: Tensor) -> Tensor:
        """The mean squared distance of (n,) from the mean, which they move first; a scalar. No
        gradient goes through the mean."""
        self.value = torch.lerp(self.value, whole(lengths).mean(), self._decay)
        return (lengths - self.value).square().mean()

    def state_dict(self) -> dict[str, Tensor]:
        """See Part."""
        return {"value": self.value}

    def load_state_dict(self, state_dict: Mapping[str, Tensor], /) -> None:
        """See Part."""
        self.value = state_dict["value"]
