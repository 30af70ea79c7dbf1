"""The synthesis network shared by the Anycost supernet and its subnets.

StyleGAN2 (Karras et al., 2020) with skip connections to RGB; the names of the state dict are those
of its published checkpoints. A class label goes in as in StyleGAN2-ADA (Training Generative
Adversarial Networks with Limited Data, Karras et al., 2020): a linear layer embeds it to style_dim
numbers, which are normalised as the latent is and stand behind it, so that the first layer of the
mapping network takes 2 · style_dim.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.equalized import EqualizedLinear
from workers.layers.mapping import mapping_network
from workers.layers.modulated import StyledConv, ToRgb
from workers.supernets.anycost_labels import with_labels
from workers.supernets.anycost_styles import Truncation, spread


class ConstantInput(nn.Module):
    """The learnt 4x4 image from which everything grows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, batch: int, channels: int) -> Tensor:
        """(batch, channels, 4, 4), its channels last in memory: the layers run faster so."""
        x = self.input[:, :channels].expand(batch, -1, -1, -1)
        return x.contiguous(memory_format=torch.channels_last)


class AnycostGenerator(nn.Module):
    """`widths`: the constant input's channels, then each convolution's, two per resolution.

    With `classes` 0 there is no embedding and nothing that takes a label. `style_count`, where this
    is a subnet, is that of its supernet, so that both share latents and styles out alike.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        style_dim: int,
        mapping_layers: int,
        image_channels: int,
        classes: int = 0,
        style_count: int | None = None,
    ) -> None:
        super().__init__()
        self.widths = tuple(widths)
        # one style per convolution and one for the last RGB
        self.style_count = len(self.widths) if style_count is None else style_count
        self.style_dim, self.image_channels, self.classes = style_dim, image_channels, classes
        if classes:
            self.embed = EqualizedLinear(classes, style_dim)
        self.style = mapping_network(style_dim, mapping_layers, parts=2 if classes else 1)
        self.input = ConstantInput(widths[0])
        self.conv1 = StyledConv(widths[0], widths[1], style_dim)
        self.to_rgb1 = ToRgb(widths[1], image_channels, style_dim, skip=False)
        self.convs = nn.ModuleList(
            StyledConv(widths[i - 1], widths[i], style_dim, up=i % 2 == 0)
            for i in range(2, len(widths))
        )
        self.to_rgbs = nn.ModuleList(
            ToRgb(widths[i], image_channels, style_dim, skip=True) for i in range(3, len(widths), 2)
        )
        self.noises = nn.Module()
        for i, side in enumerate(self.noise_sides):
            self.noises.register_buffer(f"noise_{i}", torch.randn(1, 1, side, side))

    @property
    def noise_sides(self) -> tuple[int, ...]:
        """The side of each convolution's noise map: 4, 8, 8, 16, 16, …"""
        return tuple(4 << (i // 2) for i in range(1, len(self.widths)))

    def stored_noise(self) -> list[Tensor]:
        """The noise maps of the checkpoint, (1, 1, side, side) each."""
        return [self.noises.get_buffer(f"noise_{i}") for i in range(len(self.noise_sides))]

    def random_noise(self, rng: torch.Generator) -> list[Tensor]:
        """Fresh noise maps, one for the whole batch."""
        placement = self.input.input.device
        return [torch.randn(1, 1, s, s, generator=rng, device=placement) for s in self.noise_sides]

    def styles(
        self,
        z: Tensor,
        *,
        labels: Tensor | None = None,
        truncation: Truncation | None = None,
        crossover: int | None = None,
    ) -> Tensor:
        """A style per layer, (n, style_count, style_dim).

        z is (n, style_dim), (n, 1, style_dim), or (n, 2, style_dim) for style mixing: layers below
        `crossover` (default: half of them) take the first. Where there are classes, `labels` are
        (n,) whole numbers; without them every latent decides its own class, uniformly, whatever
        the batch it is in. Rows of class weights, such as one-hot ones, may also stand behind the
        latents, style_dim + classes in all. Raises InvalidInput for another shape or label.
        """
        latents = z[:, None] if z.ndim == 2 else z
        sizes = sorted({self.style_dim, self.style_dim + self.classes})
        if latents.ndim != 3 or latents.shape[1] not in (1, 2) or z.shape[-1] not in sizes:
            size = " or ".join(map(str, sizes))
            raise InvalidInput(
                f"latents must be (n, {size}) or (n, 1 or 2, {size}), got {tuple(z.shape)}"
            )
        w: Tensor = self.style(self._joined(latents, labels))
        return self.layer_styles(w, truncation=truncation, crossover=crossover)

    def layer_styles(
        self, w: Tensor, *, truncation: Truncation | None = None, crossover: int | None = None
    ) -> Tensor:
        """Styles given as they are, one for all layers, two, or one for each: see `spread`."""
        return spread(
            w,
            count=self.style_count,
            style_dim=self.style_dim,
            truncation=truncation,
            crossover=crossover,
        )

    def random_styles(self, rng: torch.Generator, count: int) -> Tensor:
        """Styles of so many normal latents, each of its own class, (count, style_dim)."""
        placement = self.input.input.device
        with torch.no_grad():
            z = torch.randn(count, self.style_dim, generator=rng, device=placement)
            w: Tensor = self.style(self._joined(z, None))
        return w

    def mean_style(self, rng: torch.Generator, count: int = 10_000) -> Tensor:
        """The usual centre of truncation, the mean of `count` random styles, (1, style_dim)."""
        return self.random_styles(rng, count).mean(0, keepdim=True)

    def _joined(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """What the mapping network takes: the latents, and behind them the embedded labels."""
        if not self.classes:
            if labels is not None:
                raise InvalidInput("this generator has no classes: it takes no labels")
            return latents
        if latents.shape[-1] == self.style_dim:
            latents = with_labels(latents, labels, self.classes)
        elif labels is not None:
            raise InvalidInput("labels are given twice: class weights stand behind the latents")
        z, weights = torch.split(latents, [self.style_dim, self.classes], -1)
        return torch.cat([z, self.embed(weights)], -1)

    def synthesize(
        self, styles: Tensor, channels: Sequence[int], noise: Sequence[Tensor] | None = None
    ) -> list[Tensor]:
        """The image at every level from 4x4 up, each (n, image_channels, r, r), unclamped.

        `channels` are the active outputs of the constant and of each convolution; its length sets
        the last level: two entries per resolution. `noise` defaults to the stored maps; given ones
        are (1 or n, 1, side, side), as many as there are convolutions, or more. Raises InvalidInput
        for channels that the network has not, and for missing or misshapen noise.
        """
        self._check_channels(channels)
        maps = self.stored_noise() if noise is None else noise
        if noise is not None:
            self._check_noise(noise, len(channels) - 1, len(styles))
        x = self.input(len(styles), channels[0])
        x = self.conv1(x, styles[:, 0], maps[0], channels[1])
        pyramid = [self.to_rgb1(x, styles[:, 1])]
        for i in range(2, len(channels), 2):
            x = self.convs[i - 2](x, styles[:, i - 1], maps[i - 1], channels[i])
            x = self.convs[i - 1](x, styles[:, i], maps[i], channels[i + 1])
            pyramid.append(self.to_rgbs[i // 2 - 1](x, styles[:, i + 1], pyramid[-1]))
        return pyramid

    def _check_channels(self, channels: Sequence[int]) -> None:
        full = self.widths
        if len(channels) % 2 or not 2 <= len(channels) <= len(full):
            raise InvalidInput(
                f"channels must be two for each resolution, at most {len(full)}, got "
                f"{len(channels)}"
            )
        for i, (width, most) in enumerate(zip(channels, full, strict=False)):
            if not 1 <= width <= most:
                raise InvalidInput(f"channels {i} must be from 1 to {most}, got {width}")

    def _check_noise(self, noise: Sequence[Tensor], count: int, batch: int) -> None:
        if len(noise) < count:
            raise InvalidInput(f"noise must have {count} maps, got {len(noise)}")
        for i, (given, side) in enumerate(zip(noise[:count], self.noise_sides, strict=False)):
            if tuple(given.shape) not in {(1, 1, side, side), (batch, 1, side, side)}:
                raise InvalidInput(
                    f"noise {i} must be (1 or {batch}, 1, {side}, {side}), got {tuple(given.shape)}"
                )
