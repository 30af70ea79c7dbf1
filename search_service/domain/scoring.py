"""The spec of a scoring: images of a folder or of a generator, against real ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from search_service.domain.datasets import FIXED, USER_FOLDERS

DEFAULT_SPLIT = "train"
STATISTICS = (".safetensors", ".npz")  # endings of files of statistics


class ReferenceKind(StrEnum):
    """Where what images are scored against comes from."""

    DATASET = "dataset"
    FOLDER = "folder"  # of images, all of which count
    FILE = "file"  # of statistics: there are no images, only moments


@dataclass(frozen=True, kw_only=True)
class ReferenceSource:
    """A reference as a text names it; `path` is a folder or a file, empty for the usual place."""

    kind: ReferenceKind
    dataset: str = ""
    split: str = DEFAULT_SPLIT
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> "ReferenceSource":
        """From `fashion-mnist-32`, `fashion-mnist-32.test`, `two-folders:/data`,
        `two-folders.test:/data`, a folder of images, or a file of statistics."""
        named, _, folder = text.partition(":")
        dataset, _, split = named.partition(".")
        if dataset in (*FIXED, *USER_FOLDERS):
            return cls(
                kind=ReferenceKind.DATASET,
                dataset=dataset,
                split=split or DEFAULT_SPLIT,
                path=folder,
            )
        is_file = text.endswith(STATISTICS)
        return cls(kind=ReferenceKind.FILE if is_file else ReferenceKind.FOLDER, path=text)


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec:
    """A trained generator: a checkpoint and what it takes to run it."""

    checkpoint: str  # URI
    family: str
    parameters: Mapping[str, Any]
    dataset: str  # whose inputs, or classes, it is given
    architecture: str = ""  # text form; empty: the largest


@dataclass(frozen=True, kw_only=True)
class ScoreSpec:
    """Exactly one of `images`, a folder, and `generator` is there. Field names are the body's."""

    reference: str  # see ReferenceSource
    metrics: tuple[str, ...] = ("fid",)
    feature_extractor: str = "fashion-classifier"
    images: str = ""
    generator: GeneratorSpec | None = None
    samples: int = 10_000  # or all images, where there are fewer
    seed: int = 1  # of a generator's inputs; a search's own are those of 0

    def to_json(self) -> dict[str, Any]:
        """The HTTP shape, defaults written out."""
        return asdict(self) | {"metrics": list(self.metrics)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "ScoreSpec":
        """From the HTTP shape, whose types were checked; what is left out takes its default."""
        generator = body.get("generator")
        return cls(
            **{
                **body,
                **({"metrics": tuple(body["metrics"])} if "metrics" in body else {}),
                "generator": GeneratorSpec(**generator) if generator else None,
            }
        )
