"""A table of named things, filled by a decorator at import; an unknown name lists the known."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from search_service.errors import UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things of one kind; `kind` is the word used in error texts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Enter the decorated thing under `name`; a second thing of that name is a mistake."""

        def enter(thing: T) -> T:
            if name in self._things:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._things[name] = thing
            return thing

        return enter

    def __getitem__(self, name: str) -> T:
        try:
            return self._things[name]
        except KeyError:
            known = ", ".join(self) or "none"
            raise UnknownName(f"unknown {self.kind} {name!r}; known: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._things))

    def __contains__(self, name: object) -> bool:
        return name in self._things
