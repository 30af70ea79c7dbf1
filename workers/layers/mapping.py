"""From latents z to styles w: normalise, then a stack of slow-learning linear layers."""

import torch
from torch import Tensor, nn

from workers.layers.equalized import EqualizedLinear

RATE = 0.01  # of the learning rate, as in StyleGAN


class PixelNorm(nn.Module):
    """Unit mean square over the last axis, or over each of its `parts` equal slices."""

    def __init__(self, parts: int = 1) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, z: Tensor) -> Tensor:
        """(…, d) to (…, d)."""
        slices = [
            part * torch.rsqrt(part.square().mean(-1, keepdim=True) + 1e-8)
            for part in z.chunk(self.parts, -1)
        ]
        return slices[0] if self.parts == 1 else torch.cat(slices, -1)


def mapping_network(style_dim: int, layers: int, *, parts: int = 1) -> nn.Sequential:
    """(…, parts · style_dim) to (…, style_dim); each part is normalised by itself."""
    inputs = (parts * style_dim, *(style_dim,) * (layers - 1))
    linears = (EqualizedLinear(size, style_dim, rate=RATE, lrelu=True) for size in inputs)
    return nn.Sequential(PixelNorm(parts), *linears)
