"""From styles to a style per layer: truncation towards the mean, and mixing of two.

A Style-Based Generator Architecture for Generative Adversarial Networks (Karras et al., 2019),
section 3.1 and appendix B.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from search_service.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Truncation:
    """Pull styles towards `centre` (1, style_dim): psi 1 leaves them, 0 gives the centre."""

    psi: float
    centre: Tensor


def spread(
    w: Tensor,
    *,
    count: int,
    style_dim: int,
    truncation: Truncation | None = None,
    crossover: int | None = None,
) -> Tensor:
    """A style for each of `count` layers, (n, count, style_dim).

    w is (n, style_dim) or (n, 1, style_dim), the same for all layers (the space W); (n, 2,
    style_dim) for mixing, where layers below `crossover`, by default half of them, take the first;
    or (n, count, style_dim), one for each layer (W+). Raises InvalidInput for another shape, of
    the centre too, or for a crossover that is none.
    """
    rows = w[:, None] if w.ndim == 2 else w
    if rows.ndim != 3 or rows.shape[1] not in (1, 2, count) or rows.shape[2] != style_dim:
        raise InvalidInput(
            f"styles must be (n, {style_dim}), or (n, 1, 2 or {count}, {style_dim}), got "
            f"{tuple(w.shape)}"
        )
    if truncation is not None:
        if tuple(truncation.centre.shape) != (1, style_dim):
            raise InvalidInput(
                f"the centre of truncation must be (1, {style_dim}), got "
                f"{tuple(truncation.centre.shape)}"
            )
        rows = torch.lerp(truncation.centre.to(rows.dtype), rows, truncation.psi)
    first = count // 2 if crossover is None else crossover
    if not 0 <= first <= count:
        raise InvalidInput(f"the crossover must be from 0 to {count}, got {first}")
    if rows.shape[1] == 1:
        return rows.expand(-1, count, -1)
    if rows.shape[1] == count:
        return rows
    return torch.cat(
        [rows[:, :1].expand(-1, first, -1), rows[:, 1:].expand(-1, count - first, -1)], 1
    )
