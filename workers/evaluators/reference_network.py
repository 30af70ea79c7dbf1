"""The network that every latency is a multiple of: fixed for ever, independent of any supernet."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.evaluators.channels_last import channels_last

REFERENCE_NETWORK = "conv-4x32-at-32"  # the name that latency protocols carry
CHANNELS, LAYERS, SIDE = 32, 4, 32


class ReferenceNetwork(nn.Module):
    """Four 3x3 convolutions with leaky ReLUs on one 32-channel 32x32 map: 38 million MACs.

    The weights come from a seed; they set no time, but denormal or infinite values would.
    """

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.layers = nn.ModuleList(
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False) for _ in range(LAYERS)
        )
        for layer in self.layers:
            nn.init.normal_(layer.get_parameter("weight"), std=0.08, generator=rng)
        self.register_buffer("image", torch.randn((1, CHANNELS, SIDE, SIDE), generator=rng))
        channels_last(self.eval().requires_grad_(False))

    def forward(self) -> Tensor:
        x = self.get_buffer("image")
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return x
