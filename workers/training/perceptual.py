"""The perceptual distance of images: how differently a feature network sees them.

Perceptual Losses for Real-Time Style Transfer and Super-Resolution (Johnson et al., 2016), equation
2, summed over levels with weights. The network is the user's, so any that maps images to feature
maps will do.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.perceptual import Perceptual
from workers.evaluators.extractors.torchscript import open_script
from workers.training.distances import DISTANCES

COLOURS = 3
WANTED = (
    "wanted is TorchScript that takes float32 images (n, 3, h, w) in [-1, 1] and gives a list of "
    "feature maps (n, c, h', w')"
)


class PerceptualLoss:
    """The weighted sum of distances of feature maps, without the term's own weight."""

    def __init__(
        self,
        script: Callable[[Tensor], Sequence[Tensor]],
        *,
        levels: Sequence[float],
        distance: Callable[[Tensor, Tensor], Tensor],
        digest: str,
    ) -> None:
        """`levels`: a weight for each of the network's maps; `digest`: of the network's file."""
        self.digest = digest
        self._script, self._levels, self._distance = script, levels, distance

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        """Of two batches (n, 1 or 3, h, w) in [-1, 1] a scalar, in float32 whatever the
        surroundings compute in; no gradient goes into the targets."""
        with torch.autocast("cpu", enabled=False):
            seen = _run(self._script, images)
            with torch.no_grad():
                wanted = _run(self._script, targets)
            terms = [
                weight * self._distance(a, b)
                for weight, a, b in zip(self._levels, seen, wanted, strict=True)
            ]
            return torch.stack(terms).sum()


def open_perceptual(
    settings: Perceptual, *, channels: int, sides: Sequence[tuple[int, int]]
) -> PerceptualLoss | None:
    """The loss that these settings ask for, tried on images of these channels and of each of the
    (height, width); None where they ask for none.

    Raises InvalidFile, pointing at `/perceptual`, for a network that is missing, another than its
    digest says, no TorchScript, or does something else; InvalidInput for images that are neither
    grey nor of three colours, and for other levels than the network has.
    """
    if not settings.active:
        return None
    try:
        return _open(settings, channels, sides)
    except InvalidFile as error:
        error.pointer = "/perceptual/network"
        raise


def _open(settings: Perceptual, channels: int, sides: Sequence[tuple[int, int]]) -> PerceptualLoss:
    if channels not in (1, COLOURS):
        raise InvalidInput(
            f"a perceptual term needs images of 1 or {COLOURS} channels, these have {channels}",
            pointer="/perceptual",
        )
    file = Path(settings.network)
    script, digest = open_script(file, WANTED)
    if settings.digest not in ("", digest):
        raise InvalidFile(
            f"{file} is not the network that the recipe means: its SHA-256 is {digest}, "
            f"the recipe's {settings.digest}"
        )
    for parameter in script.parameters():
        parameter.requires_grad_(False)
    for height, width in sides:
        _try(script, file, torch.zeros(2, channels, height, width), len(settings.levels))
    return PerceptualLoss(
        script, levels=settings.levels, distance=DISTANCES[settings.distance], digest=digest
    )


def _run(script: Callable[[Tensor], Any], images: Tensor) -> Any:
    """What the network gives for grey or colour images.

    Without the optimiser of TorchScript, which changes how a network is computed after its first
    runs: a training that was resumed would not repeat the bits of an undisturbed one.
    """
    with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]  # torch's own
        return script(images.float().expand(-1, COLOURS, -1, -1))


def _try(script: Callable[[Tensor], Any], file: Path, images: Tensor, levels: int) -> None:
    colours = (len(images), COLOURS, *images.shape[2:])
    try:
        maps = _run(script, images.requires_grad_())
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        raise InvalidFile(f"{file} cannot take images {colours}: {why}; {WANTED}") from error
    if not isinstance(maps, list | tuple) or not all(isinstance(one, Tensor) for one in maps):
        raise InvalidFile(f"{file} gives a {type(maps).__name__}; {WANTED}")
    for one in maps:
        if one.dim() != 4 or len(one) != len(images):
            raise InvalidFile(
                f"{file} gives {tuple(one.shape)} for images {colours} among its maps; {WANTED}"
            )
        if not one.is_floating_point() or not one.requires_grad:
            raise InvalidFile(f"{file} lets no gradient through to the images; {WANTED}")
    if len(maps) != levels:
        raise InvalidInput(
            f"perceptual.levels has {levels} weights, but {file} gives {len(maps)} maps",
            pointer="/perceptual/levels",
        )
