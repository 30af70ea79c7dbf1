"""What every training's log says of its discriminator, and when that is a warning.

Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al., 2020), figure 1.
"""

from collections.abc import Mapping
from typing import Any

TRAIN = "train_accuracy"  # share of the training images that it takes for real
HELD_OUT = "held_out_accuracy"  # and of images that it has never learnt from
KNOWN_BY_HEART = 0.95  # from this share of the training images on,
STRANGE = 0.3  # and up to this one of the others, it has learnt pictures instead of looks
WARNING = "early warning"  # how it begins


def overfits(line: Mapping[str, Any]) -> bool:
    """Whether the discriminator of this line of a log has learnt its images by heart."""
    known, others = line.get(TRAIN), line.get(HELD_OUT)
    if known is None or others is None:
        return False
    return bool(known >= KNOWN_BY_HEART and others <= STRANGE)


def warning(line: Mapping[str, Any]) -> str:
    """What is said of it."""
    return (
        f"{WARNING} at {line['images']} images: the discriminator takes {line[TRAIN]:.0%} of its "
        f"training images for real and {line[HELD_OUT]:.0%} of others. It learns them by heart, "
        "and what is generated will get worse from here on: stop early, train with more images, "
        "or with [augment]"
    )


def is_warning(told: Mapping[str, Any]) -> bool:
    """Whether this is the data of a `log` event that says so."""
    return str(told.get("message", "")).startswith(WARNING)
