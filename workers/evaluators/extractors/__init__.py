"""Feature extractors by name: images to the features that an FID compares."""

from pathlib import Path

import torch

from workers.evaluators.extractors import fashion_classifier, inception  # registers them
from workers.evaluators.extractors.base import EXTRACTORS, FeatureExtractor
from workers.evaluators.placement import CPU

__all__ = ["EXTRACTORS", "FeatureExtractor", "fashion_classifier", "inception", "open_extractor"]


def open_extractor(
    name: str, file: Path | None = None, *, placement: torch.device = CPU
) -> FeatureExtractor:
    """The extractor of that name with the weights in `file`, or in the shipped one, run
    where `placement` says.

    Raises UnknownName, or InvalidFile when the file is missing or holds something else.
    """
    return EXTRACTORS[name](file, placement)
