"""`fid_own_resolution`: each architecture against real images of its own resolution.

Anycost GANs (Lin et al., CVPR 2021) are reported so. Both kinds of images are seen at that side and
brought up to the full one by the same filter; at the full side it is `fid`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture, SearchSpace
from search_service.errors import InvalidInput, MeasurementFailed
from search_service.spaces.anycost import AnycostSpace
from workers.evaluators.estimate import Estimate
from workers.evaluators.fid import Fid
from workers.evaluators.frechet_estimate import frechet_estimate
from workers.evaluators.image_objective import FEATURES
from workers.evaluators.reference import Reference, file_name, find_or_compute, real_images
from workers.images import REDUCTION

NAME = "fid_own_resolution"


class OwnResolutionFid:
    """By FID's extractor. See ImageObjective."""

    name = NAME
    rows_name = FEATURES

    def __init__(self, fid: Fid, space: AnycostSpace, seen_at: Callable[[int], Reference]) -> None:
        """`fid` is of the full side; `seen_at` opens the reference of a lower one, when it is first
        asked for."""
        self._fid, self._space = fid, space
        self._seen_at = cache(seen_at)

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective. The statistics of lower sides follow from data and filter."""
        return {
            **self._fid.facts,
            "data_digest": self._fid.reference.data_digest,
            "resolution": "own",
            "reduction": REDUCTION,
        }

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[Any]:
        """Features (n, d)."""
        return self._fid.rows(pixels, seed=seed, index=index)

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective. Raises MeasurementFailed where no real images are to be had now."""
        side = int(self._space.describe(architecture)["resolution"])
        is_full = side == self._space.parameters.resolution
        reference = self._fid.reference if is_full else self._seen_at(side)
        return frechet_estimate(rows, reference.frechet)


def open_own_resolution(
    fid: Fid, space: SearchSpace, *, folders: tuple[Path, ...], data: Path | None
) -> OwnResolutionFid | str:
    """References of lower sides are looked for in `folders`, and made of the data set's images when
    they are first asked for. In one line why, where this cannot be: one side alone, or no images.
    """
    if not isinstance(space, AnycostSpace) or len(space.resolutions) == 1:
        return "all of its architectures make images of one side"
    of, extractor = fid.reference, fid.extractor
    lower = space.resolutions[:-1]
    try:
        names = [file_name(of.dataset, of.split, extractor.name, data, side=s) for s in lower]
        if not all(any((folder / name).exists() for folder in folders) for name in names):
            real_images(of.dataset, of.split, data)
    except InvalidInput as error:
        return f"no real images at lower resolutions: {error}"

    def seen_at(side: int) -> Reference:
        try:
            return find_or_compute(
                of.dataset, of.split, extractor, folders=folders, data=data, side=side
            )
        except InvalidInput as error:
            raise MeasurementFailed(f"no real images at {side}x{side}: {error}") from error

    return OwnResolutionFid(fid, space, seen_at)
