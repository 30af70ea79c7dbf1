"""The work that waits: for a device, for the judge that knows its architecture, or for any."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence

from workers.pool.actors import Measurer, Measuring

REMEMBERED = 256  # architectures whose last judge is remembered


class Lines:
    """Who comes next. A judge that measured an architecture last may go on from what it has."""

    def __init__(self) -> None:
        self._by_device: defaultdict[str, deque[Measuring]] = defaultdict(deque)  # "": any judge
        self._last: OrderedDict[str, Measurer] = OrderedDict()  # judges, by architecture

    def add(self, work: Measuring) -> None:
        """At the end of the line for its device, for the judge that knows it, or for all."""
        known = None if work.request.device else self._last.get(work.request.architecture)
        line = self._by_device[work.request.device] if known is None else known.waiting
        line.append(work)

    def put_back(self, returned: Sequence[Measuring]) -> None:
        """In front, in this order: for any judge, or any actor of their device."""
        for work in reversed(returned):
            self._by_device[work.request.device].appendleft(work)

    def next_for(self, actor: Measurer, judges: Iterable[Measurer] = ()) -> Measuring | None:
        """What it knows first, then what any may do, then what waits for another of `judges`.
        From now on it is the one that knows the architecture."""
        work = self._taken(actor, judges)
        if work is not None and not actor.device:
            self._last[work.request.architecture] = actor
            self._last.move_to_end(work.request.architecture)
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)
        return work

    def forget_all_but(self, present: Iterable[Measurer]) -> None:
        """Nothing is known to those that went."""
        there = set(present)
        if any(actor not in there for actor in self._last.values()):
            self._last = OrderedDict((k, a) for k, a in self._last.items() if a in there)

    def devices(self) -> list[str]:
        """Those that something waits for."""
        return [device for device, line in self._by_device.items() if device and line]

    def for_any_judge(self) -> int:
        """How many wait for any of them."""
        return len(self._by_device[""])

    def __bool__(self) -> bool:
        """Whether anything waits, but for one judge."""
        return any(self._by_device.values())

    def drain(self) -> Iterator[Measuring]:
        """Take out everything that waits, but for one judge."""
        for line in self._by_device.values():
            while line:
                yield line.popleft()

    def _taken(self, actor: Measurer, judges: Iterable[Measurer]) -> Measuring | None:
        if actor.waiting:
            return actor.waiting.popleft()
        if line := self._by_device[actor.device]:
            return line.popleft()
        longest = max(judges, key=lambda other: len(other.waiting), default=None)
        if actor.device or longest is None or not longest.waiting:
            return None
        return longest.waiting.popleft()
