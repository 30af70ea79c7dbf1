"""A training's state as the states of its parts."""

from collections.abc import Mapping
from typing import Any, Protocol


class Part(Protocol):
    """A network, an optimiser, or another thing that remembers."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Remember this instead."""
        ...


def state_of(parts: Mapping[str, Part]) -> dict[str, dict[str, object]]:
    """Of every part, by name."""
    return {name: part.state_dict() for name, part in parts.items()}


def load_state_of(parts: Mapping[str, Part], state: Mapping[str, dict[str, object]]) -> None:
    """Give every part its state back. Raises KeyError when one is missing."""
    for name, part in parts.items():
        part.load_state_dict(state[name])
