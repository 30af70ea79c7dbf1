"""Features of real images themselves, for scores that moments do not suffice for.

The same few thousand images of a split for everyone, drawn once by a fixed seed: such scores depend
on how many reals they see, and cost by it.
"""

import argparse
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray

from search_service.errors import InvalidFile, InvalidInput
from workers.checkpoints import write_atomically
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.kernel_distance import KernelReference
from workers.evaluators.manifold import Manifold, features_to_manifold
from workers.evaluators.reference import BATCH_SIZE, Reference, file_name, real_images

FORMAT = "gansearch-features-1"
COUNT = 5_000  # images of a split, or all where there are fewer
SEED = 0  # of which ones
LEAST = 16  # what the neighbourhoods and the kernel need, by far


@dataclass(frozen=True, kw_only=True, eq=False)
class RealFeatures:
    """Features (n, d) of real images; `digest` is that of the file they are kept in."""

    features: NDArray[np.float32]
    name: str  # dataset.split
    digest: str
    data_digest: str = ""
    _manifolds: dict[int, Manifold] = field(default_factory=dict)

    @cached_property
    def kernel(self) -> KernelReference:
        """For the kernel distance; the sum within is made once."""
        return KernelReference(features=self.features)

    def manifold(self, neighbours: int) -> Manifold:
        """The balls around each, made once."""
        if neighbours not in self._manifolds:
            self._manifolds[neighbours] = features_to_manifold(self.features, neighbours)
        return self._manifolds[neighbours]


def chosen(count: int) -> NDArray[np.int64]:
    """The places of the images that stand for all `count` of them, in order."""
    return np.sort(np.random.default_rng(SEED).permutation(count)[:COUNT])


def compute(pixels: NDArray[np.uint8], extractor: FeatureExtractor) -> NDArray[np.float32]:
    """Features (at most COUNT, d) of images (n, c, h, w). Raises InvalidInput for too few."""
    if len(pixels) < LEAST:
        raise InvalidInput(f"there are {len(pixels)} real images, at least {LEAST} are needed")
    images = torch.from_numpy(pixels[chosen(len(pixels))])
    batches = [extractor(batch).numpy() for batch in torch.split(images, BATCH_SIZE)]
    features: NDArray[np.float32] = np.concatenate(batches)
    return features


def encode(
    features: NDArray[np.float32], *, name: str, data_digest: str, extractor: FeatureExtractor
) -> bytes:
    """The file's content."""
    facts = {
        "format": FORMAT,
        "images": name,
        "extractor": extractor.name,
        "extractor_digest": extractor.digest,
        "data_digest": data_digest,
    }
    return safetensors.numpy.save({"features": features}, metadata=facts)


def load(path: Path, extractor: FeatureExtractor) -> RealFeatures:
    """Raises InvalidFile when it is missing, damaged, or made with another extractor."""
    try:
        content = path.read_bytes()
        with safetensors.safe_open(path, "numpy") as file:
            facts = file.metadata() or {}
            features = file.get_tensor("features")
    except (OSError, safetensors.SafetensorError) as error:
        raise InvalidFile(f"cannot read real features from {path}: {error}") from error
    if facts.get("format") != FORMAT:
        raise InvalidFile(f"{path} is of format {facts.get('format')}, not {FORMAT}")
    made_with = f"{facts['extractor']} {facts['extractor_digest']}"
    asked_for = f"{extractor.name} {extractor.digest}"
    if made_with != asked_for:
        raise InvalidFile(f"{path} was made with {made_with}, but the extractor is {asked_for}")
    if features.ndim != 2 or features.shape[1] != extractor.size:
        raise InvalidFile(f"{path} holds {features.shape}, not features of {extractor.size}")
    if not np.isfinite(features).all():
        raise InvalidFile(f"{path} holds values that are not finite")
    return RealFeatures(
        features=features,
        name=facts["images"],
        digest=hashlib.sha256(content).hexdigest(),
        data_digest=facts["data_digest"],
    )


def require_same_data(reference: Reference, real: RealFeatures) -> None:
    """Raises InvalidFile when statistics and features are of different images."""
    if reference.data_digest != real.data_digest:
        raise InvalidFile(
            f"the reference statistics of {reference.dataset}.{reference.split} are of data "
            f"{reference.data_digest}, the real features of {real.name} of {real.data_digest}"
        )


def find_or_compute(
    dataset: str,
    split: str,
    extractor: FeatureExtractor,
    *,
    folders: tuple[Path, ...],
    data: Path | None = None,
) -> RealFeatures:
    """From the first folder that has them; else computed from `data` and stored in the last.

    Raises UnknownName for the data set, InvalidFile when it cannot be read, InvalidInput when it
    holds too few images. Two processes that compute at once store the same file.
    """
    name = file_name(dataset, split, f"{extractor.name}.features", data)
    for folder in folders:
        if (folder / name).exists():
            return load(folder / name, extractor)
    pixels, data_digest = real_images(dataset, split, data)
    features = compute(pixels, extractor)
    content = encode(
        features, name=f"{dataset}.{split}", data_digest=data_digest, extractor=extractor
    )
    write_atomically(folders[-1] / name, content)
    return load(folders[-1] / name, extractor)


def main() -> None:
    """Store the features in a folder, unless it has them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("split")
    parser.add_argument("extractor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="the extractor's file, where none is shipped")
    parser.add_argument("--data", type=Path, help="the folder of the data set")
    arguments = parser.parse_args()
    find_or_compute(
        arguments.dataset,
        arguments.split,
        open_extractor(arguments.extractor, arguments.weights),
        folders=(arguments.folder,),
        data=arguments.data,
    )


if __name__ == "__main__":
    main()
