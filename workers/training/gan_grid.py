"""The picture that shows how far a training from latents alone is."""

import torch
from torch import nn

from workers.images import grid, png, to_uint8
from workers.training.gan_networks import Pair

SEED = 4  # of the latents that every picture shows, so that pictures can be compared
COLUMNS = 16
ROWS = 8
MOST_CLASSES = 16


@torch.no_grad()
def picture(pair: Pair, generator: nn.Module, *, classes: int) -> bytes:
    """PNG of the same latents each time; with classes the same ones in every row, a row for each
    of the first classes."""
    rng = torch.Generator().manual_seed(SEED)
    if not classes:
        z = torch.randn(ROWS * COLUMNS, pair.latent_dim, generator=rng)
        images = pair.images(generator, z)
    else:
        rows = min(classes, MOST_CLASSES)
        z = torch.randn(COLUMNS, pair.latent_dim, generator=rng).repeat(rows, 1)
        labels = torch.arange(rows).repeat_interleave(COLUMNS)
        images = pair.images(generator, z, labels=labels)
    return png(grid(to_uint8(images).numpy(), COLUMNS))
