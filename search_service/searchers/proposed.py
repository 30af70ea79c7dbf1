"""What was proposed so far: in order, and quick to look in however much it is."""

from collections.abc import Collection, Iterator, Sequence
from typing import overload

from search_service.domain.space import Architecture


class Proposed(Sequence[Architecture]):
    """A list that only grows, with its set."""

    def __init__(self) -> None:
        self._ordered: list[Architecture] = []
        self._known: set[Architecture] = set()

    def append(self, architecture: Architecture) -> None:
        """The next."""
        self._ordered.append(architecture)
        self._known.add(architecture)

    def __contains__(self, architecture: object) -> bool:
        return architecture in self._known

    def __iter__(self) -> Iterator[Architecture]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    @overload
    def __getitem__(self, place: int) -> Architecture: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Architecture]: ...

    def __getitem__(self, place: int | slice) -> Architecture | Sequence[Architecture]:
        return self._ordered[place]


def quick_to_look_in(proposed: Sequence[Architecture]) -> Collection[Architecture]:
    """The same architectures, as they are if they are that already."""
    return proposed if isinstance(proposed, Proposed) else frozenset(proposed)
