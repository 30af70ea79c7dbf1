"""What runs a claimed job of one kind, and what the worker lends it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from search_service.artifacts import Artifacts
from search_service.domain.job import Claim, Ended
from search_service.domain.scoring import ScoreSpec
from search_service.storage.base import Storage
from workers.checkpoint_uri import Checkpoint
from workers.kept_pool import KeptPool
from workers.scoring.pools import ShardPool


class Hold(Protocol):
    """How the cluster is told of a training."""

    def __call__(self, processes: int, /, *, begun: bool = False) -> bool:
        """It has, or waits for, a core for each of so many processes; to be called every second or
        so, and with 0 once it has ended. Whether it may begin, which it may once all of them can be
        had."""
        ...


@dataclass(frozen=True, kw_only=True)
class Means:
    """The worker's own, open for as long as the job runs."""

    storage: Storage
    artifacts: Artifacts
    pool: KeptPool
    shards: Callable[[ScoreSpec, Checkpoint | None], ShardPool]  # for a scoring; to be closed
    living: Callable[[], Collection[str]]  # the ids of the cluster's nodes, as they are now
    hold: Hold
    references: Path  # the folder of what is computed here of real images
    runs: Path  # the folder in which a training keeps what it needs to go on
    check: Callable[[], None]  # raises when the work is to stop; call it every second or so
    drain_seconds: float  # how long what is in hand may take when the worker is to stop


class Runner(Protocol):
    """Works on a claimed job until it has ended; the worker then stores how.

    What it wants kept it writes under the claim as it goes: the same job may be claimed again, at
    any point, and must then go on from there. It lets through what `check` raises, and LostClaim
    from any write. An error of ours fails the job, its line the reason.
    """

    def __call__(self, claim: Claim, means: Means, /) -> Ended: ...
