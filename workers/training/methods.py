"""The training methods by name, and what the loop asks of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from search_service.errors import InvalidInput
from search_service.registry import Registry
from workers.training.recipe import Recipe, read, read_toml


class Training(Protocol):
    """Networks, their optimisers, and the step that improves them.

    A step's random decisions depend on the recipe's seed and the step's index alone, and `state`
    holds all else that a step reads and changes: so a resumed run is the undisturbed one.
    """

    @property
    def recipe(self) -> Recipe:
        """What it was made from."""
        ...

    def step(self, index: int) -> dict[str, float]:
        """The update number `index`, from 0; returns the losses by name."""
        ...

    def state(self) -> dict[str, dict[str, object]]:
        """All that `step` changes, by part; tensors, numbers, lists and dicts alone."""
        ...

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """Go on from `state()`. Raises KeyError, ValueError or RuntimeError for another's."""
        ...

    def kept(self) -> Mapping[str, nn.Module]:
        """The networks to write out, by the name of the file."""
        ...

    def grid(self) -> bytes:
        """A PNG that shows how far it is; always of the same latents or inputs."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a recipe of this method is read, and a training begun from it.

    `begin` takes the recipe and the folder of the data (None: its usual place), and raises
    InvalidInput for whatever is wrong with either before any training.
    """

    recipe: type[Any]
    begin: Callable[[Any, Path | None], Training]


METHODS: Registry[Method] = Registry("training method")
UNSAID = "anycost"  # the method of a recipe that names none


def begin(path: Path, data: Path | None) -> Training:
    """The training that a TOML file asks for, before its first step.

    Raises InvalidFile when the file cannot be read, UnknownName or InvalidInput naming the bad key.
    """
    method, recipe = load(path)
    return method.begin(recipe, data)


def load(path: Path) -> tuple[Method, Any]:
    """The method and the recipe in a TOML file. Raises as `begin` does."""
    table = read_toml(path)
    name = table.pop("method", UNSAID)
    if not isinstance(name, str):
        raise InvalidInput(f"recipe key 'method' must be str, got {name!r}")
    method = METHODS[name]
    return method, read(method.recipe, table)
