"""The convolution that ends a generator: few output channels, a wide kernel, the full image."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.layers.tracing import is_recorded

FEW = 4  # up to so many outputs the detour is the shorter way


class ImageConv2d(nn.Conv2d):
    """A convolution to the channels of an image, of the first input channels.

    A CPU computes output channels sixteen at a time, so three cost as much as sixteen. Four
    neighbouring pixels are therefore computed as channels of one pixel, with the kernel at four
    places in one that is larger by one, and dealt out afterwards: less than half the time.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) with c at most the layer's inputs, to (n, out_channels, h', w')."""
        weight = self.weight[:, : x.shape[1]]  # (o, c, k, k)
        plain = self.out_channels > FEW or not x.is_cpu or is_recorded()
        if plain or not _has_even_result(x, weight):
            return F.conv2d(x, weight, self.bias)
        places = [F.pad(weight, (i, 1 - i, j, 1 - j)) for j in (0, 1) for i in (0, 1)]
        quads = torch.stack(places, 1).flatten(0, 1)  # (4 o, c, k + 1, k + 1)
        biases = None if self.bias is None else self.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(x, quads, biases, stride=2), 2)


def _has_even_result(x: Tensor, weight: Tensor) -> bool:
    sides = zip(x.shape[2:], weight.shape[2:], strict=True)
    return all((side - kernel + 1) % 2 == 0 for side, kernel in sides)
