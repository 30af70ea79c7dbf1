"""Bringing a smaller output up to the full side before it is quantised and judged; and showing
real images at a lower resolution for comparison."""

from torch import Tensor
from torch.nn import functional as F

from workers.images.quantise import from_uint8, to_uint8

UPSAMPLING = "bilinear-half-pixel"  # the names that FID protocols carry
REDUCTION = "area"


def upsample(images: Tensor, side: int) -> Tensor:
    """Bilinear with half-pixel centres to (n, c, side, side); images of that width stay as they
    are, of whatever height.

    Only up: with a larger input this filter would alias, so that is a mistake of the caller.
    """
    height, width = images.shape[-2:]
    if width == side:
        return images
    assert height == width < side, f"cannot bring {height}x{width} up to {side}"
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


def seen_at(images: Tensor, side: int) -> Tensor:
    """Real images at another resolution: square uint8 (n, c, r, r), reduced to `side` by the mean
    over areas and brought back up as generated ones are; (n, c, r, r) again."""
    full = images.shape[-1]
    assert images.shape[-2] == full >= side, f"no {side}x{side} of {tuple(images.shape)}"
    reduced = F.interpolate(from_uint8(images), size=(side, side), mode="area")
    return to_uint8(upsample(reduced, full))
