"""Discriminators for Anycost generators: one resolution, several, or several and a condition.

Anycost GANs (Lin et al., CVPR 2021), sections 3.2 and 3.3. With `classes` each also judges whether
an image shows its class, by a projection; see `LabelProjection`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from search_service.spaces.anycost import BASE_CHANNELS, RATIOS
from workers.discriminators.residual import ConvLayer, ResidualBlock, Verdict

CONDITIONED_BLOCKS = 2  # the last ones, 16 to 8 and 8 to 4


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSize:
    """Widths follow the generator's rule: the base width times the multiplier, up to the cap."""

    resolution: int
    channel_multiplier: float = 2.0
    channel_max: int = 512
    image_channels: int = 3

    def channels(self, side: int) -> int:
        """Width at this side."""
        return max(1, min(self.channel_max, int(BASE_CHANNELS[side] * self.channel_multiplier)))

    @property
    def sides(self) -> tuple[int, ...]:
        """From the full resolution down to 8: one residual block each."""
        return tuple(sorted((r for r in BASE_CHANNELS if 8 <= r <= self.resolution), reverse=True))


def architecture_code(ratios: Sequence[float]) -> Tensor:
    """A one-hot group of four per channel entry, flattened: (4 entries,)."""
    code = torch.zeros(len(ratios), len(RATIOS))
    for i, ratio in enumerate(ratios):
        code[i, RATIOS.index(ratio)] = 1
    return code.flatten()


class PlainDiscriminator(Verdict):
    """StyleGAN2's: images of one resolution."""

    def __init__(self, size: DiscriminatorSize, *, classes: int = 0) -> None:
        super().__init__(size.channels(4), size.channels(4), classes=classes)
        first = ConvLayer(size.image_channels, size.channels(size.resolution), 1)
        blocks = (
            ResidualBlock(size.channels(side), size.channels(side // 2)) for side in size.sides
        )
        self.convs = nn.ModuleList([first, *blocks])

    def forward(self, images: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """(n, c, r, r) to logits (n, 1); labels as in `verdict`."""
        x = images
        for layer in self.convs:
            x = layer(x)
        return self.verdict(x, labels)


class AnycostDiscriminator(Verdict):
    """Images of any of the highest `levels` resolutions: each has its entry to a shared trunk.

    With `code_size` the last two blocks are told the generator's architecture.
    """

    def __init__(
        self, size: DiscriminatorSize, *, levels: int = 4, code_size: int = 0, classes: int = 0
    ) -> None:
        super().__init__(size.channels(4), size.channels(4), classes=classes)
        self.code_size = code_size
        self.resolutions = size.sides[:levels]
        self.convs = nn.ModuleList(
            ConvLayer(size.image_channels, size.channels(side), 1) for side in self.resolutions
        )
        first_conditioned = len(size.sides) - CONDITIONED_BLOCKS
        self.blocks = nn.ModuleList(
            ResidualBlock(
                size.channels(side),
                size.channels(side // 2),
                code_size=code_size if i >= first_conditioned else 0,
            )
            for i, side in enumerate(size.sides)
        )

    def forward(
        self, images: Tensor, code: Tensor | None = None, *, labels: Tensor | None = None
    ) -> Tensor:
        """(n, c, r, r) to logits (n, 1); `code` (code_size,) is wanted if there is a condition.
        Labels as in `verdict`.

        Raises InvalidInput for a resolution without an entry, or a code where there is none.
        """
        if images.shape[-1] not in self.resolutions:
            known = ", ".join(map(str, self.resolutions))
            raise InvalidInput(f"image side must be one of {known}, got {images.shape[-1]}")
        given = 0 if code is None else len(code)
        if given != self.code_size:
            raise InvalidInput(
                f"the architecture code must have {self.code_size} numbers, got {given}"
            )
        level = self.resolutions.index(images.shape[-1])
        x = self.convs[level](images)
        # one grey channel has no memory order to pass on; the trunk is faster with channels last
        x = x.contiguous(memory_format=torch.channels_last)
        for block in self.blocks[level:]:
            x = block(x, code)
        return self.verdict(x, labels)
