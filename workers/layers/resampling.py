"""Resampling with the binomial filter (1, 3, 3, 1), so that no level of a network aliases.

Analyzing and Improving the Image Quality of StyleGAN (Karras et al., 2020), appendix B.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = (1.0, 3.0, 3.0, 1.0)


def binomial_kernel(gain: float) -> Tensor:
    """The outer product of the taps with sum `gain`, (4, 4)."""
    taps = torch.tensor(TAPS)
    kernel = torch.outer(taps, taps)
    return kernel * (gain / kernel.sum())


class Blur(nn.Module):
    """The filter at every pixel, with zeros outside the image; a depthwise convolution."""

    kernel: Tensor

    def __init__(self, *, padding: int, gain: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("kernel", binomial_kernel(gain))
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, h + 2 padding - 3, w + 2 padding - 3)."""
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, padding=self.padding, groups=channels)


class Upsample(nn.Module):
    """Twice the side: zeros between the pixels, then the filter with gain 4."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", binomial_kernel(4.0))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, 2h, 2w)."""
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=channels)
