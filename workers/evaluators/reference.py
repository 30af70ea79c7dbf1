"""Reference statistics: those of the real images, computed once, stored with their provenance."""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray

from search_service.domain.datasets import USER_FOLDERS
from search_service.errors import InvalidFile, UnknownName
from workers.checkpoints import write_atomically
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.statistics import FeatureStatistics, features_to_statistics, merge
from workers.images import DATASETS, DOMAINS, MAPS, seen_at

FORMAT = "gansearch-reference-1"
BATCH_SIZE = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Statistics of a split of a data set under one extractor; `digest` is that of the file."""

    frechet: FrechetReference
    dataset: str
    split: str
    extractor: str
    extractor_digest: str
    data_digest: str
    digest: str


def file_name(
    dataset: str,
    split: str,
    extractor: str,
    data: Path | None = None,
    *,
    side: int | None = None,
) -> str:
    """Under which name the statistics are stored. A user's folder is told apart by its content.

    Raises as `compute` does.
    """
    if dataset in USER_FOLDERS:
        _, digest = real_images(dataset, split, data)
        dataset = f"{dataset}-{digest[:12]}"
    return f"{_at(dataset, side)}.{split}.{extractor}.safetensors"


def _at(dataset: str, side: int | None) -> str:
    return dataset if side is None else f"{dataset}-at-{side}"


def compute(
    dataset: str,
    split: str,
    extractor: FeatureExtractor,
    *,
    data: Path | None = None,
    side: int | None = None,
) -> bytes:
    """The file of statistics of every image of the split; `data` is the folder to read it from,
    `side` the resolution at which the images are seen, None for their own.

    Raises UnknownName for the data set, InvalidFile when it cannot be read.
    """
    pixels, data_digest = real_images(dataset, split, data)
    images = torch.from_numpy(pixels)  # (n, c, h, w)
    shown = (b if side is None else seen_at(b, side) for b in torch.split(images, BATCH_SIZE))
    statistics = merge(features_to_statistics(extractor(batch).numpy()) for batch in shown)
    return encode(
        statistics,
        dataset=_at(dataset, side),
        split=split,
        data_digest=data_digest,
        extractor=extractor,
    )


def encode(
    statistics: FeatureStatistics,
    *,
    dataset: str,
    split: str,
    data_digest: str,
    extractor: FeatureExtractor,
) -> bytes:
    """The file's content."""
    facts = {
        "format": FORMAT,
        "dataset": dataset,
        "split": split,
        "count": str(statistics.count),
        "extractor": extractor.name,
        "extractor_digest": extractor.digest,
        "data_digest": data_digest,
    }
    tensors = {"mean": statistics.mean, "scatter": statistics.scatter}
    return safetensors.numpy.save(tensors, metadata=facts)


def real_images(dataset: str, split: str, data: Path | None) -> tuple[NDArray[np.uint8], str]:
    """Pixels (n, c, h, w) and digest; of a data set of two domains the targets, of maps the
    photographs."""
    if dataset in DATASETS:
        labelled = DATASETS[dataset](data, split)
        return labelled.images, labelled.digest
    if dataset in DOMAINS:
        both = DOMAINS[dataset](data, split)
        return both.targets, both.digest
    if dataset in MAPS:
        described = MAPS[dataset](data, split)
        return described.photographs, described.digest
    known = ", ".join([*DATASETS, *DOMAINS, *MAPS])
    raise UnknownName(f"unknown dataset {dataset!r}; known: {known}")


def load(path: Path, extractor: FeatureExtractor) -> Reference:
    """Raises InvalidFile when it is missing, damaged, or made with another extractor."""
    try:
        content = path.read_bytes()
        with safetensors.safe_open(path, "numpy") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise InvalidFile(f"cannot read reference statistics from {path}: {error}") from error
    if facts.get("format") != FORMAT:
        raise InvalidFile(f"{path} is of format {facts.get('format')}, not {FORMAT}")
    made_with = f"{facts['extractor']} {facts['extractor_digest']}"
    asked_for = f"{extractor.name} {extractor.digest}"
    if made_with != asked_for:
        raise InvalidFile(f"{path} was made with {made_with}, but the extractor is {asked_for}")
    size = extractor.size
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if shapes != {"mean": (size,), "scatter": (size, size)}:
        raise InvalidFile(f"{path} holds {shapes}, not statistics of {size} features")
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise InvalidFile(f"{path} holds values that are not finite")
    statistics = FeatureStatistics(count=int(facts["count"]), **tensors)
    return Reference(
        frechet=FrechetReference(statistics=statistics),
        dataset=facts["dataset"],
        split=facts["split"],
        extractor=facts["extractor"],
        extractor_digest=facts["extractor_digest"],
        data_digest=facts["data_digest"],
        digest=hashlib.sha256(content).hexdigest(),
    )


def find_or_compute(
    dataset: str,
    split: str,
    extractor: FeatureExtractor,
    *,
    folders: tuple[Path, ...],
    data: Path | None = None,
    side: int | None = None,
) -> Reference:
    """From the first folder that has them; else computed from `data` and stored in the last.

    Raises as `load` and `compute` do. Two processes that compute at once store the same file.
    """
    name = file_name(dataset, split, extractor.name, data, side=side)
    for folder in folders:
        if (folder / name).exists():
            found = load(folder / name, extractor)
            _require_data(found, folder / name, dataset, split, data, side)
            return found
    content = compute(dataset, split, extractor, data=data, side=side)
    write_atomically(folders[-1] / name, content)
    return load(folders[-1] / name, extractor)


def _require_data(
    found: Reference, path: Path, dataset: str, split: str, data: Path | None, side: int | None
) -> None:
    """Raises InvalidFile when statistics are of another data set than they stand for."""
    wanted = _at(dataset, side)
    if (found.dataset, found.split) != (wanted, split):
        raise InvalidFile(
            f"{path} is of {found.dataset}.{found.split} (data {found.data_digest}), "
            f"not of {wanted}.{split}"
        )
    if dataset in USER_FOLDERS:
        _, digest = real_images(dataset, split, data)
        if digest != found.data_digest:
            raise InvalidFile(
                f"{path} was made from data {found.data_digest}, but {data} holds {digest}"
            )


def main() -> None:
    """Store the statistics in a folder, unless it has them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("split")
    parser.add_argument("extractor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="the extractor's file, where none is shipped")
    parser.add_argument("--data", type=Path, help="the folder of the data set")
    parser.add_argument("--side", type=int, help="of the images seen at a lower resolution")
    arguments = parser.parse_args()
    find_or_compute(
        arguments.dataset,
        arguments.split,
        open_extractor(arguments.extractor, arguments.weights),
        folders=(arguments.folder,),
        data=arguments.data,
        side=arguments.side,
    )


if __name__ == "__main__":
    main()
