"""A search space: the choices a supernet family leaves open, and what one architecture is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

Option = int | float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One open decision; `options` are ordered from the cheapest to the dearest."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The option taken at each choice of a space, in order; `text` is the family's short form.

    Made by a space only, so it is canonical: two architectures of one space that run the same
    subnet are equal, have the same hash and the same text.
    """

    options: tuple[Option, ...]
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text


class SearchSpace(Protocol):
    """What a family leaves open, and its exact cost. Immutable; safe to share between threads."""

    @property
    def family(self) -> str:
        """The name under which the space is registered."""
        ...

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The open decisions, in the order of `Architecture.options`."""
        ...

    @property
    def size(self) -> int:
        """How many distinct architectures there are."""
        ...

    def architecture(self, options: Sequence[Option]) -> Architecture:
        """Canonical architecture of these options: a choice that has no effect is set to its last.

        Raises InvalidArchitecture for a wrong count or a value that is not an option.
        """
        ...

    def parse(self, text: str) -> Architecture:
        """The architecture of a text form; `str(architecture)` gives it back.

        Raises InvalidArchitecture, saying which part is wrong.
        """
        ...

    def describe(self, architecture: Architecture) -> Mapping[str, Option]:
        """Choice name to option, without the choices that have no effect."""
        ...

    def macs(self, architecture: Architecture, *, published: bool = False) -> int:
        """Multiply-accumulates of one image (batch 1).

        True convention: convolutions and linear layers, a stride-2 transposed convolution counted
        at its input size. `published`: the convention of the family's reference program.
        """
        ...

    def params(self, architecture: Architecture) -> int:
        """Trainable parameters of the extracted subnet."""
        ...


def architecture_at(space: SearchSpace, indices: Sequence[int]) -> Architecture:
    """The architecture whose i-th option is number `indices[i]` of the i-th choice."""
    options = [choice.options[i] for choice, i in zip(space.choices, indices, strict=True)]
    return space.architecture(options)


def indices_of(space: SearchSpace, architecture: Architecture) -> tuple[int, ...]:
    """The number of each option within its choice: the ordinal code that searchers work on."""
    pairs = zip(space.choices, architecture.options, strict=True)
    return tuple(choice.options.index(option) for choice, option in pairs)


def sample(space: SearchSpace, rng: np.random.Generator) -> Architecture:
    """Every option drawn uniformly and independently, then made canonical."""
    return architecture_at(space, [int(rng.integers(len(c.options))) for c in space.choices])


def smallest(space: SearchSpace) -> Architecture:
    """The first option everywhere."""
    return architecture_at(space, [0] * len(space.choices))


def largest(space: SearchSpace) -> Architecture:
    """The last option everywhere."""
    return architecture_at(space, [len(c.options) - 1 for c in space.choices])


def enumerate_space(space: SearchSpace) -> Iterator[Architecture]:
    """Every distinct architecture once, in lexicographic order of the option indices."""
    shape = [len(choice.options) for choice in space.choices]
    for index in np.ndindex(*shape):
        architecture = architecture_at(space, index)
        if indices_of(space, architecture) == index:  # the canonical one of its equals
            yield architecture
