"""The specs of trainings: a recipe with its surroundings, and one architecture's fine-tuning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """A training from nothing. Field names are those of the HTTP body."""

    recipe: Mapping[str, Any]  # the TOML's table, `method` in it
    name: str = ""  # of the supernet to register at the end; empty: none
    feature_extractor: str = "fashion-classifier"  # of that supernet
    workers: int = 1  # processes that share each batch
    data: str = ""  # the data set's folder where the workers run; empty: its usual place

    def to_json(self) -> dict[str, Any]:
        """The HTTP shape, defaults written out."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "TrainSpec":
        """From the HTTP shape, whose types were checked; what is left out takes its default."""
        return cls(**body)


@dataclass(frozen=True, kw_only=True)
class FinetuneSpec:
    """One architecture's fine-tuning, as it is stored."""

    evaluation: str  # id, whose architecture it is
    supernet: str  # id, whose weights it begins with
    parent: str  # id of the job that found it
    recipe: Mapping[str, Any]
    workers: int = 1
    data: str = ""  # as in TrainSpec
    critic: str = ""  # id of the discriminator to go on with; empty: what the recipe says

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "FinetuneSpec":
        """From what was stored."""
        return cls(**body)
