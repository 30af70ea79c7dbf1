"""Every shard of a plan, by whatever processes there are; what is lost is made again."""

from collections.abc import Callable, Sequence
from typing import Protocol

from search_service.errors import MeasurementFailed
from workers.scoring.pools import ShardPool
from workers.scoring.shards import Shard, ShardName, is_whole

MAX_TRIES = 3  # a shard that is lost so often has failed
POLL_SECONDS = 0.5


class Shelf(Protocol):
    """Where made shards are kept, so that a scoring that was cut off goes on."""

    def find(self, name: ShardName) -> Shard | None:
        """None when it is not there, or damaged."""
        ...

    def keep(self, shard: Shard) -> None:
        """Whole or not at all."""
        ...


def gather(
    names: Sequence[ShardName],
    pool: ShardPool,
    *,
    shelf: Shelf,
    check: Callable[[], None],
    tell: Callable[[int], None],
) -> list[Shard]:
    """All of them, in no order. `tell` is told how many images are done, `check` called all along.

    Raises MeasurementFailed when one cannot be made, or is lost MAX_TRIES times; nothing is left
    out.
    """
    found: dict[ShardName, Shard] = {}
    for name in names:
        check()
        pool.rest()
        if (kept := shelf.find(name)) is not None:
            found[name] = kept
    tries = {name: 1 for name in names if name not in found}
    for name in tries:
        pool.submit(name)
    while len(found) < len(names):
        check()
        for made in pool.wait(POLL_SECONDS):
            if made.failure:
                raise MeasurementFailed(made.failure)
            if made.shard is not None and is_whole(made.shard):
                found[made.name] = made.shard
                shelf.keep(made.shard)
            elif tries[made.name] < MAX_TRIES:
                tries[made.name] += 1
                pool.submit(made.name)
            else:
                raise MeasurementFailed(f"shard {made.name} was lost {MAX_TRIES} times")
        tell(sum(name.stop - name.start for name in found))
    return list(found.values())
