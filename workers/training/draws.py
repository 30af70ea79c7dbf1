"""Every random decision of a training step, from (seed, step) alone, so that a resumed run goes on
as if it had never stopped."""

import numpy as np
import torch
from torch import Tensor

from workers.training.sharing import mine, processes

AUGMENTATION, WATCHING = 1, 2


class Draws:
    """The random numbers of one step, drawn in the order of the calls."""

    def __init__(self, seed: int, step: int, *part: int) -> None:
        self._place = (seed, step)
        self.rng = np.random.default_rng([seed, step, *part])
        self.torch = torch.Generator().manual_seed(int(self.rng.integers(2**63)))

    def apart(self, part: int) -> "Draws":
        """Numbers of the same step for something that may be left out without moving the others:
        AUGMENTATION or WATCHING."""
        return Draws(*self._place, part)

    def indices(self, count: int, below: int) -> Tensor:
        """Which real images: `mine` of (count,), each below `below`, repeats allowed."""
        return mine(torch.from_numpy(self.rng.integers(below, size=count)))

    def coins(self, count: int) -> Tensor:
        """`mine` of (count,) truths, each true half of the time."""
        return mine(torch.from_numpy(self.rng.random(count) < 0.5))

    def shares(self, count: int) -> Tensor:
        """This process's `count` numbers from 0 to 1, (count,)."""
        return mine(torch.rand(count * processes(), generator=self.torch))
