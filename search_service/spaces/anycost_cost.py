"""Exact MACs and parameters of an Anycost subnet, in closed form.

Two conventions of MACs: the true one counts convolutions and linear layers, a stride-2 transposed
convolution at its input size; the published one is what tracing the reference program's graph
gives, which counts that convolution at its output size and every elementwise product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

CACHED = 1 << 16  # searchers ask for the same subnets again and again

Widths = tuple[int, ...]  # active channels of the constant input, then of each convolution


@dataclass(frozen=True, kw_only=True)
class Size:
    """What the cost depends on besides the active widths. `full` are the supernet's widths."""

    full: Widths
    style_dim: int
    mapping_layers: int
    image_channels: int
    classes: int = 0

    @property
    def parts(self) -> int:
        """What the mapping network joins: the latent, and where there are classes the label."""
        return 2 if self.classes else 1

    @property
    def linear_weights(self) -> int:
        """Of the mapping network, whose first layer takes all parts, and the label's embedding."""
        square = self.style_dim**2
        return (self.mapping_layers - 1 + self.parts) * square + self.classes * self.style_dim


class _Modulated(NamedTuple):  # a tuple because thousands are made per call of `feasibility`
    """A modulated convolution: `full_in` inputs in the supernet, `c` active, `o` outputs."""

    full_in: int
    c: int
    o: int
    kernel: int
    side: int  # of its output
    up: bool = False

    @property
    def weight(self) -> int:
        """Active weights."""
        return self.o * self.c * self.kernel**2


def _styled(size: Size, widths: Widths) -> Iterator[_Modulated]:
    for i in range(1, len(widths)):
        yield _Modulated(
            full_in=size.full[i - 1],
            c=widths[i - 1],
            o=widths[i],
            kernel=3,
            side=4 << (i // 2),
            up=i % 2 == 0,
        )


def _rgb(size: Size, widths: Widths) -> Iterator[_Modulated]:
    for i in range(1, len(widths), 2):
        yield _Modulated(
            full_in=size.full[i],
            c=widths[i],
            o=size.image_channels,
            kernel=1,
            side=4 << (i // 2),
        )


@lru_cache(maxsize=CACHED)
def true_macs(size: Size, widths: Widths, *, extracted: bool = False) -> int:
    """Of the subnet within its supernet, whose modulation layers give every full-width scale;
    `extracted`: of the subnet on its own, whose modulation layers are as narrow as it is."""
    convolutions = [*_styled(size, widths), *_rgb(size, widths)]
    total = size.linear_weights
    for m in convolutions:
        total += size.style_dim * (m.c if extracted else m.full_in)
        total += m.weight * (m.side // 2 if m.up else m.side) ** 2
    return total


def published_macs(size: Size, widths: Widths) -> int:
    """What torchprofile counts on the reference program's graph, to the integer.

    That program has no classes; those are counted by the same rules.
    """
    s = size.style_dim
    total = size.parts * (1 + s) + 2 * size.linear_weights + size.mapping_layers * 2 * s
    total += s if size.classes else 0  # the embedding's bias
    styled, rgb = list(_styled(size, widths)), list(_rgb(size, widths))
    for m, products in [*((m, 3) for m in styled), *((m, 2) for m in rgb)]:
        total += 2 * s * m.full_in + m.full_in + products * m.weight + 2
    for m in styled:
        if m.up:
            total += m.weight * (m.side + 1) ** 2 + 16 * m.o * m.side**2
        else:
            total += m.weight * m.side**2
        total += m.side**2 + m.o * m.side**2
    for m in rgb:
        total += m.weight * m.side**2
        if m.side > 4:
            total += 20 * size.image_channels * m.side**2
    return total


@lru_cache(maxsize=CACHED)
def params(size: Size, widths: Widths) -> int:
    """Trainable parameters of the subnet on its own."""
    s = size.style_dim
    biases = size.mapping_layers * s + (s if size.classes else 0)
    total = size.linear_weights + biases + 16 * widths[0]
    for m in _styled(size, widths):
        total += m.weight + (s + 1) * m.c + m.o + 1  # weight, modulation, bias, noise strength
    for m in _rgb(size, widths):
        total += m.weight + (s + 1) * m.c + m.o
    return total
