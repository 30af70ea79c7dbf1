"""The residual block of a SPADE generator.

Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019), appendix A.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from search_service.spaces.gan_compression.spade_channels import BlockChannels
from workers.layers.spade import SpadeNorm
from workers.layers.spade_parts import SpadeParts, run_at
from workers.layers.spectral import with_spectral_norm

SLOPE = 0.2  # of leaky ReLU


class SpadeBlock(nn.Module):
    """Norm, activation, convolution, twice, plus a shortcut; a narrowing block's is learned.

    `statistics`: the channels of the supernet's block, which the batch norms keep.
    """

    def __init__(
        self,
        channels: BlockChannels,
        statistics: BlockChannels,
        parts: SpadeParts,
        *,
        map_channels: int,
        spectral: bool,
    ) -> None:
        super().__init__()
        c = channels

        def convolution(inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> nn.Module:
            layer = parts.convolution(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
            return with_spectral_norm(layer) if spectral else layer

        def norm(width: int, full: int) -> SpadeNorm:
            return SpadeNorm(
                width,
                c.norm_hidden,
                map_channels=map_channels,
                statistics_channels=full,
                parts=parts,
            )

        self.narrows = c.narrows
        self.conv_0 = convolution(c.inputs, c.hidden, 3)
        self.conv_1 = convolution(c.hidden, c.outputs, 3)
        if c.narrows:
            self.conv_s = convolution(c.inputs, c.outputs, 1, bias=False)
        self.norm_0 = norm(c.inputs, statistics.inputs)
        self.norm_1 = norm(c.hidden, statistics.hidden)
        if c.narrows:
            self.norm_s = norm(c.inputs, statistics.inputs)

    def forward(self, x: Tensor, segmentation: Tensor, active: BlockChannels | None) -> Tensor:
        """x (n, inputs, h, w) under a map of the same sides to (n, outputs, h, w).

        `active`: the channels to run at, of dynamic layers; None: all.
        """
        hidden, outputs, norm_hidden = (
            (None, None, None)
            if active is None
            else (active.hidden, active.outputs, active.norm_hidden)
        )
        y = F.leaky_relu(self.norm_0(x, segmentation, norm_hidden), SLOPE)
        y = run_at(self.conv_0, y, hidden)
        y = F.leaky_relu(self.norm_1(y, segmentation, norm_hidden), SLOPE)
        y = run_at(self.conv_1, y, outputs)
        if not self.narrows:
            return x + y
        shortcut = self.norm_s(x, segmentation, norm_hidden)
        return y + run_at(self.conv_s, shortcut, outputs)
