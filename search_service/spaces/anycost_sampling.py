"""Which subnet a training step of an Anycost supernet gets, by one of three modes.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3.3. Each
call draws one subnet. The published sampler's widths and ratios come out for equal seeds.
"""

from dataclasses import dataclass
from random import Random

from search_service.domain.space import Architecture, Choice
from search_service.errors import InvalidInput
from search_service.spaces.anycost import RATIOS, AnycostSpace

MODES = ("uniform", "flexible", "sandwich")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """`ratios`, one per channel entry, are what a discriminator is told of the architecture.

    Where one multiplier was drawn for the whole net they name it in every entry, also where the
    cap keeps a layer wider than that.
    """

    architecture: Architecture
    ratios: tuple[float, ...]


def draw(
    mode: str,
    space: AnycostSpace,
    rng: Random,
    *,
    side: int | None = None,
    full: float = 0.25,
    smallest: float = 0.25,
) -> Drawn:
    """A subnet of output side `side`, by default the full one.

    `uniform` draws one multiplier for the net, `flexible` a ratio for each entry, and `sandwich`
    takes the full widths with probability `full`, the uniform 0.25 net with probability `smallest`,
    and else draws as `flexible` does. Raises InvalidInput for another mode, a side that no subnet
    has, or probabilities that are none.
    """
    if mode not in MODES:
        raise InvalidInput(f"the mode must be one of {', '.join(MODES)}, got {mode!r}")
    resolution = space.parameters.resolution if side is None else side
    if resolution not in space.resolutions:
        known = ", ".join(map(str, space.resolutions))
        raise InvalidInput(f"the side must be one of {known}, got {resolution}")
    if not (full >= 0 and smallest >= 0 and full + smallest <= 1):
        raise InvalidInput(
            f"the shares of the full and of the smallest net must be at least 0, together at "
            f"most 1, got {full} and {smallest}"
        )
    if mode == "uniform":
        return _uniform(space, rng.choice(RATIOS), resolution)
    if mode == "sandwich":
        kind = rng.random()
        if kind < full:
            return _uniform(space, RATIOS[-1], resolution)
        if kind < full + smallest:
            return _uniform(space, RATIOS[0], resolution)
    ratios = tuple(float(rng.choice(choice.options)) for choice in _entries(space))
    return Drawn(architecture=space.architecture((resolution, *ratios)), ratios=ratios)


def _uniform(space: AnycostSpace, ratio: float, resolution: int) -> Drawn:
    return Drawn(
        architecture=space.uniform(ratio, resolution), ratios=(ratio,) * len(_entries(space))
    )


def _entries(space: AnycostSpace) -> tuple[Choice, ...]:
    resolution, *entries = space.choices
    assert resolution.name == "resolution"
    return tuple(entries)
