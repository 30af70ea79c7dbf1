"""A network that the user brings, by whose feature maps images are compared.

The Unreasonable Effectiveness of Deep Features as a Perceptual Metric (Zhang et al., CVPR 2018),
equation 1, with all channels weighted alike.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.errors import InvalidFile
from workers.evaluators.extractors.torchscript import open_script
from workers.evaluators.placement import CPU
from workers.images import from_uint8

FILE = "perceptual.pt"  # in the data set's folder
COLOURS = 3
BATCH_SIZE = 8  # bounds the memory, not the result
WANTED = (
    "wanted is TorchScript that takes float32 images (n, 3, h, w) in [-1, 1] and gives a list of "
    "feature maps (n, c, h', w')"
)


class Perceiver:
    """The squared distance of feature vectors of unit length, averaged over places, summed over
    maps. Grey images go in as three equal colours."""

    distance = "unit-features-squared"  # the name that protocols carry

    def __init__(
        self,
        script: Callable[[Tensor], Sequence[Tensor]],
        *,
        digest: str,
        placement: torch.device = CPU,  # where the script is
    ) -> None:
        self._script = script
        self.digest = digest
        self._placement = placement

    @torch.inference_mode()
    def __call__(self, a: Tensor, b: Tensor) -> NDArray[np.float64]:
        """Of images uint8 (n, 1 or 3, h, w), one for each pair; 0 for equal ones."""
        parts = zip(a.split(BATCH_SIZE), b.split(BATCH_SIZE), strict=True)  # type: ignore[no-untyped-call]  # torch
        return np.concatenate([self._distances(one, other) for one, other in parts])

    def _distances(self, a: Tensor, b: Tensor) -> NDArray[np.float64]:
        total = torch.zeros(len(a), dtype=torch.float64)
        for x, y in zip(self._maps(a), self._maps(b), strict=True):
            total += (x - y).square().sum(1).mean((1, 2)).cpu()
        return np.asarray(total.numpy(), np.float64)

    def _maps(self, images: Tensor) -> list[Tensor]:
        maps = self._script(from_uint8(images.to(self._placement)).expand(-1, COLOURS, -1, -1))
        return [m / (m.norm(dim=1, keepdim=True) + 1e-10) for m in (m.double() for m in maps)]


def open_perceiver(
    file: Path, image_shape: tuple[int, int, int], *, placement: torch.device = CPU
) -> Perceiver:
    """From the user's file, tried on an image of (channels, height, width).

    Raises InvalidFile when there is none, it is no TorchScript, or gives something else.
    """
    script, digest = open_script(file, WANTED, placement)
    shape = (2, COLOURS, *image_shape[1:])
    try:
        with torch.inference_mode():
            maps = script(torch.zeros(shape, device=placement))
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        raise InvalidFile(f"{file} cannot take images {shape}: {why}; {WANTED}") from error
    if not isinstance(maps, list | tuple) or not all(isinstance(one, Tensor) for one in maps):
        raise InvalidFile(f"{file} gives a {type(maps).__name__}; {WANTED}")
    if not maps:
        raise InvalidFile(f"{file} gives no feature maps; {WANTED}")
    for one in maps:
        if one.dim() != 4 or len(one) != shape[0]:
            raise InvalidFile(
                f"{file} gives {tuple(one.shape)} for images {shape} among its maps; {WANTED}"
            )
    return Perceiver(script, digest=digest, placement=placement)
