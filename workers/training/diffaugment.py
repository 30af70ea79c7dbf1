"""Colour, translation and cutout, drawn afresh for each image and differentiable in it.

Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al., 2020), section 3.2. What
was drawn is a value of its own, so that it can be looked at, given, and used again; gradients flow
to the images alone. Nothing is clipped: colour may leave [-1, 1], or its gradient would vanish.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from workers.training.sharing import mine, processes

SHIFTED = 1 / 8  # of the side at most, either way
CUT = 1 / 2  # of the side: the window's


class Drawn(Protocol):
    """One transform with its numbers for every image of a batch."""

    def __call__(self, x: Tensor, coloured: int | None = None) -> Tensor:
        """Images (n, c, h, w) to the same shape; colour changes only the last `coloured` channels
        (default: all), so that what an image was made from keeps its own."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Color:
    """Brightness, then saturation, then contrast; each (n,)."""

    brightness: Tensor  # is added
    saturation: Tensor  # a factor of the distance from the pixel's mean over channels
    contrast: Tensor  # a factor of the distance from the image's mean

    def __call__(self, x: Tensor, coloured: int | None = None) -> Tensor:
        """See Drawn."""
        kept, image = _split(x, coloured)
        image = brightened(image, self.brightness)
        image = contrasted(saturated(image, self.saturation), self.contrast)
        return image if kept is None else torch.cat([kept, image], 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Translation:
    """Where each pixel comes from: `rows` further down and `columns` further right, (n,) each, so
    that a positive shift moves what is seen up and left; zeros come in."""

    rows: Tensor
    columns: Tensor

    def __call__(self, x: Tensor, coloured: int | None = None) -> Tensor:
        """See Drawn."""
        height, width = x.shape[2:]
        rows = torch.arange(height, device=x.device) + self.rows.to(x.device)[:, None]  # (n, h)
        columns = torch.arange(width, device=x.device) + self.columns.to(x.device)[:, None]
        inside = _both((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
        places = rows.clamp(0, height - 1)[:, :, None] * width
        places = (places + columns.clamp(0, width - 1)[:, None, :]).flatten(1)  # (n, h w)
        places = places[:, None].expand(-1, x.shape[1], -1)
        moved = x.flatten(2).gather(2, places).view(x.shape)
        return torch.where(inside, moved, moved.new_zeros(()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutout:
    """A window of half the side, centred at `rows` and `columns`, (n,) each, is set to zero; it may
    hang over the border."""

    rows: Tensor
    columns: Tensor

    def __call__(self, x: Tensor, coloured: int | None = None) -> Tensor:
        """See Drawn."""
        rows, columns = (
            _window(centres.to(x.device), side)
            for centres, side in zip((self.rows, self.columns), x.shape[2:], strict=True)
        )
        return torch.where(_both(rows, columns), x.new_zeros(()), x)


def brightened(x: Tensor, amount: Tensor) -> Tensor:
    """x + b."""
    return x + _each(amount, x)


def saturated(x: Tensor, factor: Tensor) -> Tensor:
    """Away from, or towards, each pixel's mean over channels; grey images stay as they are."""
    mean = x.mean(1, keepdim=True)
    return mean + (x - mean) * _each(factor, x)


def contrasted(x: Tensor, factor: Tensor) -> Tensor:
    """Away from, or towards, each image's mean."""
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (x - mean) * _each(factor, x)


def draw(policy: Sequence[str], x: Tensor, rng: torch.Generator) -> list[Drawn]:
    """The transforms of a policy, in its order, for the batch x (n, c, h, w).

    The order of the draws is that of the published program, so that one generator in one state
    gives its numbers: for colour n uniforms for brightness, for saturation, for contrast, of the
    images' type; for the others n whole numbers for rows, then n for columns. An empty policy draws
    nothing. Processes that share a batch draw for the whole of it and keep their images' numbers.
    """
    return [DRAWS[name](x, rng) for name in policy]


def apply(drawn: Sequence[Drawn], x: Tensor, *, coloured: int | None = None) -> Tensor:
    """Images (n, c, h, w), in full precision and in the memory order that they came in."""
    rough = x.dtype in (torch.float16, torch.bfloat16)  # means would lose their digits
    y = x.float() if rough and drawn else x
    for transform in drawn:
        y = transform(y, coloured)
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return y.contiguous(memory_format=torch.channels_last) if last else y


def _color(x: Tensor, rng: torch.Generator) -> Drawn:
    kind = x.dtype if x.dtype == torch.float64 else torch.float32
    brightness, saturation, contrast = (_uniform(len(x), kind, x.device, rng) for _ in range(3))
    return Color(brightness=brightness - 0.5, saturation=saturation * 2, contrast=contrast + 0.5)


def _translation(x: Tensor, rng: torch.Generator) -> Drawn:
    reach = [int(side * SHIFTED + 0.5) for side in x.shape[2:]]
    rows, columns = (_whole(-most, most, len(x), x.device, rng) for most in reach)
    return Translation(rows=rows, columns=columns)


def _cutout(x: Tensor, rng: torch.Generator) -> Drawn:
    last = [side - window_side(side) % 2 for side in x.shape[2:]]
    rows, columns = (_whole(0, most, len(x), x.device, rng) for most in last)
    return Cutout(rows=rows, columns=columns)


DRAWS: Mapping[str, Callable[[Tensor, torch.Generator], Drawn]] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
}


def window_side(side: int) -> int:
    """Of what cutout removes from an image of this side."""
    return int(side * CUT + 0.5)


def _window(centres: Tensor, side: int) -> Tensor:
    """Which of `side` places are in the window, (n, side)."""
    size = window_side(side)
    first = (centres - size // 2)[:, None]
    places = torch.arange(side, device=centres.device)
    return (places >= first) & (places < first + size)


def _both(rows: Tensor, columns: Tensor) -> Tensor:
    """Truths (n, h) and (n, w) to the pixels where both hold, (n, 1, h, w)."""
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _each(numbers: Tensor, x: Tensor) -> Tensor:
    return numbers.to(x.device)[:, None, None, None]


def _split(x: Tensor, coloured: int | None) -> tuple[Tensor | None, Tensor]:
    if coloured is None or coloured == x.shape[1]:
        return None, x
    kept, image = torch.split(x, [x.shape[1] - coloured, coloured], 1)
    return kept, image


def _uniform(
    count: int, kind: torch.dtype, placement: torch.device, rng: torch.Generator
) -> Tensor:
    numbers = torch.rand(count * processes(), dtype=kind, generator=rng, device=rng.device)
    return mine(numbers).to(placement)


def _whole(
    least: int, most: int, count: int, placement: torch.device, rng: torch.Generator
) -> Tensor:
    drawn = torch.randint(least, most + 1, (count * processes(),), generator=rng, device=rng.device)
    return mine(drawn).to(placement)
