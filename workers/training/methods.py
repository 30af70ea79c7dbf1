"""The training methods by name, and what the loop asks of each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from search_service.recipes import Recipe, parse_file
from search_service.registry import Registry


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


# Each begins a training from its recipe and the folder of the data (None: its usual place), and
# raises InvalidInput for whatever is wrong with either before any training.
METHODS: Registry[Callable[[Any, Path | None], Training]] = Registry("training method")


def begin(path: Path, data: Path | None) -> Training:
    """The training that a TOML file asks for, before its first step.

    Raises InvalidFile when the file cannot be read, UnknownName or InvalidInput naming the bad key.
    """
    name, recipe = parse_file(path)
    return METHODS[name](recipe, data)
