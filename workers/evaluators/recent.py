"""What was judged lately, so that a candidate given more samples continues where it stopped."""

from collections import OrderedDict

from workers.evaluators.judged import Judged

JudgedOn = tuple[str, int, str]  # the architecture, the seed, the name of the inputs


class RecentlyJudged:
    """The least recently used entries go when all together exceed `capacity` bytes."""

    def __init__(self, capacity: int = 256 << 20) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[JudgedOn, Judged] = OrderedDict()

    def find(self, key: JudgedOn) -> Judged | None:
        """None when it was never judged, or is forgotten."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def keep(self, key: JudgedOn, judged: Judged) -> None:
        """Replaces what was known of the same architecture, seed and inputs."""
        self._entries[key] = judged
        self._entries.move_to_end(key)
        size = sum(entry.nbytes for entry in self._entries.values())
        while size > self._capacity and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            size -= oldest.nbytes
