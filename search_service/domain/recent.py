"""What was used last, found again in little more time than a look-up takes."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The `size` values that were used last at least, and some more.

    Two dicts: once the newer one is full it becomes the older one, and of the one that was it what
    nobody has asked for since is forgotten. To keep them all in the order of their use would take
    longer than to find them. For several threads at once: at worst a value is made twice.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._newer: dict[K, V] = {}
        self._older: dict[K, V] = {}

    def of(self, keys: Sequence[K], make: Callable[[list[int]], Sequence[V]]) -> list[V]:
        """The keys' values, in order; `make` gives those that are not known, by their places."""
        known = self._newer
        if not all(map(known.__contains__, keys)):
            known = self._knowing(keys, make)
        return list(map(known.__getitem__, keys))

    def _knowing(self, keys: Sequence[K], make: Callable[[list[int]], Sequence[V]]) -> dict[K, V]:
        newer, older = self._newer, self._older
        places = {key: place for place, key in enumerate(keys) if key not in newer}
        new = {key: place for key, place in places.items() if key not in older}
        made = make(list(new.values())) if new else []
        newer.update((key, older[key]) for key in places.keys() - new.keys())
        newer.update(zip(new, made, strict=True))
        if len(newer) >= self._size:
            self._newer, self._older = {}, newer
        return newer


class Made(Generic[T, V]):
    """What `make` gives of objects, found again by the same ones, which are held: no other has the
    id of one of them. It is not asked what they are equal to."""

    def __init__(self, make: Callable[[T], V], *, size: int) -> None:
        self._make = make
        self._known: Recent[int, tuple[T, V]] = Recent(size)

    def of(self, objects: Sequence[T]) -> list[V]:
        """Of each, in order."""

        def make(places: list[int]) -> list[tuple[T, V]]:
            return [(objects[place], self._make(objects[place])) for place in places]

        return [made for _, made in self._known.of(list(map(id, objects)), make)]
