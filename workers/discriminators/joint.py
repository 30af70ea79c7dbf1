"""A discriminator that judges all resolutions of an image together.

MSG-GAN: Multi-Scale Gradients for Generative Adversarial Networks (Karnewar and Wang, CVPR 2020),
section 2: every resolution of the generator has a way of its own into one trunk. The weights are
those of the discriminator that judges one resolution at a time, so either can go on from the other.
Where a resolution enters, its features are added to the trunk's; the paper concatenates them.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from search_service.errors import InvalidInput
from workers.discriminators.anycost import AnycostDiscriminator


class JointDiscriminator(AnycostDiscriminator):
    """Called, it judges one resolution, as its parent does."""

    def judge_together(
        self, levels: Sequence[Tensor], code: Tensor | None = None, *, labels: Tensor | None = None
    ) -> Tensor:
        """`levels` (n, c, r, r), one of each of `resolutions`, the lowest first, to logits (n, 1);
        code and labels as in `forward`.

        Raises InvalidInput when a resolution is missing or superfluous.
        """
        sides = tuple(level.shape[-1] for level in reversed(levels))
        if sides != self.resolutions:
            wanted = ", ".join(map(str, reversed(self.resolutions)))
            given = ", ".join(map(str, reversed(sides)))
            raise InvalidInput(f"image sides must be {wanted} together, got {given}")
        entries = [conv(level) for conv, level in zip(self.convs, reversed(levels), strict=True)]
        x = entries[0].contiguous(memory_format=torch.channels_last)
        for place, block in enumerate(self.blocks):
            x = block(x, code)
            if place + 1 < len(entries):
                x = (x + entries[place + 1]) * math.sqrt(0.5)  # keeps the variance
        return self.verdict(x, labels)
