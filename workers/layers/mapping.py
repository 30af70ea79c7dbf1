"""From latents z to styles w: normalise, then a stack of slow-learning linear layers."""

import torch
from torch import Tensor, nn

from workers.layers.equalized import EqualizedLinear

RATE = 0.01  # of the learning rate, as in StyleGAN


class PixelNorm(nn.Module):
    """Unit mean square over the last axis."""

    def forward(self, z: Tensor) -> Tensor:
        """(…, d) to (…, d)."""
        return z * torch.rsqrt(z.square().mean(-1, keepdim=True) + 1e-8)


def mapping_network(style_dim: int, layers: int) -> nn.Sequential:
    """(…, style_dim) to (…, style_dim)."""
    linears = (EqualizedLinear(style_dim, style_dim, rate=RATE, lrelu=True) for _ in range(layers))
    return nn.Sequential(PixelNorm(), *linears)
