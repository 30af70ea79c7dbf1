"""Spatially-adaptive normalisation: a batch norm whose scale and shift come from a map.

Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019), equation 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.layers.spade_batch_norm import FullWidthBatchNorm
from workers.layers.spade_parts import SpadeParts, run_at


class SpadeNorm(nn.Module):
    """Up to `channels` channels, modulated through `hidden` ones from `map_channels`.

    `statistics_channels`: the width of the running statistics, at least `channels`.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        *,
        map_channels: int,
        statistics_channels: int,
        parts: SpadeParts,
    ) -> None:
        super().__init__()
        self.param_free_norm = FullWidthBatchNorm(statistics_channels)
        shared = parts.convolution(map_channels, hidden, 3, padding=1)
        self.mlp_shared = nn.Sequential(shared, nn.ReLU())
        self.mlp_gamma = parts.modulation(hidden, channels)
        self.mlp_beta = parts.modulation(hidden, channels)

    def forward(self, x: Tensor, segmentation: Tensor, hidden: int | None = None) -> Tensor:
        """x (n, c, h, w) under a map (n, map_channels, h, w) of the same sides, to the same.

        `hidden`: how many hidden channels run, where the layers can; c is then free as well.
        """
        shared, _ = self.mlp_shared
        code = F.relu(run_at(shared, segmentation, hidden))  # (n, hidden, h, w)
        outputs = None if hidden is None else x.shape[1]
        gamma, beta = (run_at(m, code, outputs) for m in (self.mlp_gamma, self.mlp_beta))
        normalised = self.param_free_norm(x)
        return torch.addcmul(normalised + beta, normalised, gamma)  # n (1 + gamma) + beta
