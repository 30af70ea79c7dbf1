"""Instance normalisation without parameters, of any number of channels.

Instance Normalization: The Missing Ingredient for Fast Stylization (Ulyanov et al., 2016).
"""

import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5


class InstanceNorm(nn.Module):
    """Each channel of each image to mean 0 and variance 1. Unlike torch's, it has no width."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        return F.instance_norm(x, eps=EPSILON)
