"""Bringing a smaller output up to the full side before it is quantised and judged."""

from torch import Tensor
from torch.nn import functional as F

UPSAMPLING = "bilinear-half-pixel"  # the name that FID protocols carry


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
