"""Who makes shards: what a scoring asks of the processes it has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from search_service.errors import GansearchError
from workers.scoring.shards import Shard, ShardName
from workers.scoring.work import ScoreWork


@dataclass(frozen=True, kw_only=True)
class Made:
    """How the making of a shard ended: with it, with one line that says why it cannot be, or with
    neither when the process died, and another is to try."""

    name: ShardName
    shard: Shard | None = None
    failure: str = ""


class ShardPool(Protocol):
    """Makes shards somewhere else, in any order. One owner, one thread."""

    def submit(self, name: ShardName) -> None:
        """Queue a shard."""
        ...

    def wait(self, timeout_seconds: float) -> Sequence[Made]:
        """What has ended, at least one unless the time runs out. Each is told once."""
        ...

    def rest(self) -> None:
        """To be called every second or so while the shards that were made are used: processes that
        others lack, or that have long had nothing to make, are given back."""
        ...

    def close(self) -> None:
        """End the processes."""
        ...


class InlineShards:
    """Makes shards in the calling thread, one per `wait`, in an order drawn from `seed`.

    `lose` says of a shard, and how often it was tried before, whether its process dies.
    """

    def __init__(
        self,
        work: ScoreWork,
        *,
        seed: int | None = None,
        lose: Callable[[ShardName, int], bool] = lambda name, tries: False,
    ) -> None:
        """`seed` None: first come, first served."""
        self._work = work
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._lose = lose
        self._queue: list[ShardName] = []
        self._tries: dict[ShardName, int] = {}

    def submit(self, name: ShardName) -> None:
        """See ShardPool."""
        self._queue.append(name)

    def wait(self, timeout_seconds: float) -> Sequence[Made]:
        """See ShardPool."""
        if not self._queue:
            return []
        place = 0 if self._rng is None else int(self._rng.integers(len(self._queue)))
        name = self._queue.pop(place)
        tries = self._tries.get(name, 0)
        self._tries[name] = tries + 1
        if self._lose(name, tries):
            return [Made(name=name)]
        try:
            return [Made(name=name, shard=self._work.shard(name))]
        except GansearchError as error:
            return [Made(name=name, failure=str(error))]

    def rest(self) -> None:
        """See ShardPool."""

    def close(self) -> None:
        """See ShardPool."""
        self._queue.clear()
