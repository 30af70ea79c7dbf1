"""Which class an image of a class-conditional Anycost generator is to show.

Inside, a label is a row of class weights behind its latent, (…, style_dim + classes): one tensor
holds all that an image depends on, and a mixture of classes is as good as one class.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from search_service.errors import InvalidInput

FINE = 1024.0  # so many steps of a latent's first number to the unit go once through the classes


def with_labels(z: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """z (n, …, style_dim) and labels (n,) to (n, …, style_dim + classes).

    Without labels each latent has its own, see `own_labels`. Raises InvalidInput for labels of
    another shape or kind, or out of range.
    """
    given = own_labels(z, classes) if labels is None else labels
    if given.shape != z.shape[:1] or given.is_floating_point():
        raise InvalidInput(
            f"labels must be {len(z)} whole numbers, one per latent, got {given.dtype} "
            f"{tuple(given.shape)}"
        )
    if len(given) and not 0 <= int(given.min()) <= int(given.max()) < classes:
        raise InvalidInput(
            f"labels must be from 0 to {classes - 1}, got {int(given.min())} to {int(given.max())}"
        )
    rows = F.one_hot(given.long(), classes).to(z.dtype)  # (n, classes)
    rows = rows.view(len(z), *(1,) * (z.ndim - 2), classes)
    return torch.cat([z, rows.expand(*z.shape[:-1], classes)], -1)


def own_labels(z: Tensor, classes: int) -> Tensor:
    """A class for each latent (n, …, style_dim) of an image, from its first number alone: (n,).

    It is read off that number's third decimal and on: uniform over the classes for normal latents,
    and independent of anything about them that shows in an image.
    """
    fine = z.flatten(1)[:, 0].double() * FINE
    return ((fine - fine.floor()) * classes).long()
