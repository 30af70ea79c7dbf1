"""The picture that shows how far an Anycost supernet's training is."""

import numpy as np
import torch
from numpy.typing import NDArray

from search_service.domain.space import Architecture, largest
from workers.images import grid, png, to_uint8, upsample
from workers.supernets.anycost import AnycostSupernet

SEED = 4  # of the latents that every picture shows, so that pictures can be compared
COLUMNS = 16
MOST_CLASSES = 16


@torch.no_grad()
def picture(generator: AnycostSupernet) -> bytes:
    """PNG of the same latents in every row: at ratios 1, 0.75, 0.5, 0.25, then at lower
    resolutions; where there are classes, a row for each of the first ones at full size."""
    space, rng = generator.space, torch.Generator().manual_seed(SEED)
    latents = torch.randn(COLUMNS, generator.style_dim, generator=rng)

    def row(architecture: Architecture, label: int | None = None) -> NDArray[np.uint8]:
        labels = None if label is None else torch.full((COLUMNS,), label)
        images = generator(latents, architecture, labels=labels)
        return to_uint8(upsample(images, space.parameters.resolution)).numpy()

    if generator.classes:
        full = largest(space)
        rows = [row(full, label) for label in range(min(generator.classes, MOST_CLASSES))]
    else:
        shown = [space.uniform(ratio) for ratio in (1.0, 0.75, 0.5, 0.25)]
        shown += [space.uniform(1.0, side) for side in reversed(space.resolutions[:-1])]
        rows = [row(architecture) for architecture in shown]
    return png(grid(np.concatenate(rows), COLUMNS))
