"""Mean and variance of each channel over many batches, of any sizes and in any order.

Updating Formulae and a Pairwise Algorithm for Computing Sample Variances (Chan et al., 1979),
equation 2.1b.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Moments:
    """In float64, of `count` values per channel."""

    count: int
    mean: Tensor  # (c,)
    squares: Tensor  # (c,), the sum of squared distances from the mean

    @classmethod
    def of(cls, x: Tensor, *, width: int) -> Self:
        """Of (n, c, h, w), where channels from c to `width` are away and count as zeros."""
        count = x.numel() // x.shape[1]
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        padded = torch.zeros(2, width, dtype=torch.float64, device=x.device)
        padded[:, : x.shape[1]] = torch.stack([mean, variance * count])
        return cls(count=count, mean=padded[0], squares=padded[1])

    def merge(self, other: Self) -> Self:
        """Of both together."""
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        between = apart.square() * (self.count * other.count / count)
        return type(self)(count=count, mean=mean, squares=self.squares + other.squares + between)

    @property
    def variance(self) -> Tensor:
        """(c,), without bias: as torch's running variances are."""
        return self.squares / (self.count - 1)
