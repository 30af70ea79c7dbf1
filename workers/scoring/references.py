"""Against what images are scored: moments from a file, or real images whose features are made."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_service.domain.scoring import ReferenceKind, ReferenceSource
from search_service.errors import InvalidFile, InvalidInput
from workers.evaluators import reference
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.reference import Reference, real_images
from workers.evaluators.statistics import FeatureStatistics
from workers.images.files import image_files, read_images

UNKNOWN = "not recorded"


@dataclass(frozen=True, kw_only=True, eq=False)
class RealImages:
    """Pixels (n, c, h, w), whose they are, and the SHA-256 of their content."""

    pixels: NDArray[np.uint8]
    dataset: str
    split: str
    digest: str


def open_images(source: ReferenceSource) -> RealImages | None:
    """None where there are only moments. Raises InvalidInput (or a subclass)."""
    if source.kind is ReferenceKind.FILE:
        return None
    if source.kind is ReferenceKind.DATASET:
        data = Path(source.path) if source.path else None
        pixels, digest = real_images(source.dataset, source.split, data)
        found = RealImages(pixels=pixels, dataset=source.dataset, split=source.split, digest=digest)
    else:
        pixels = read_images(image_files(Path(source.path)))
        digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
        found = RealImages(pixels=pixels, dataset=source.path, split="all", digest=digest)
    if len(found.pixels) < 2:
        raise InvalidInput(
            f"{found.dataset} holds {len(found.pixels)} image: at least 2 are needed"
        )
    return found


def open_statistics(path: Path, extractor: FeatureExtractor) -> Reference:
    """From this project's file, which says by which extractor it was made, or an `.npz` of `mu` and
    `sigma`, as the common programs write, which does not.

    Raises InvalidFile for another extractor, naming both, for another size, and for values that are
    not finite.
    """
    if path.suffix != ".npz":
        return reference.load(path, extractor)
    try:
        content = path.read_bytes()
        with np.load(path, allow_pickle=False) as stored:
            mean, covariance = stored["mu"], stored["sigma"]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidFile(f"{path} holds no mu and sigma: {error}") from error
    size = extractor.size
    if mean.shape != (size,) or covariance.shape != (size, size):
        raise InvalidFile(
            f"{path} holds mu {mean.shape} and sigma {covariance.shape}, not statistics of the "
            f"{size} features of {extractor.name}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise InvalidFile(f"{path} holds values that are not finite")
    count = size + 1  # not recorded: none of the covariance's directions may be cut
    statistics = FeatureStatistics(
        count=count,
        mean=mean.astype(np.float64),
        scatter=covariance.astype(np.float64) * (count - 1),
    )
    return Reference(
        frechet=FrechetReference(statistics=statistics),
        dataset=str(path),
        split=UNKNOWN,
        extractor=UNKNOWN,
        extractor_digest=UNKNOWN,
        data_digest=UNKNOWN,
        digest=hashlib.sha256(content).hexdigest(),
    )
