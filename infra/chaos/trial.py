"""One trial: jobs undisturbed, the same jobs in a storm, and what the two have in common."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from infra.chaos import verdict, workload
from infra.chaos.component import Kind
from infra.chaos.following import Following
from infra.chaos.outcome import Key, Outcome, outcome
from infra.chaos.site import Site
from infra.chaos.steering import Fate, Steering
from infra.chaos.storm import Storm
from infra.chaos.submitting import Submitting
from infra.chaos.tally import Tallies
from infra.chaos.undisturbed import Undisturbed
from infra.chaos.workload import Body, Workload
from search_service.artifacts import Artifacts

LEAVE_SECONDS = 60.0  # for a worker after SIGTERM
LEASE_SECONDS = 12.0  # after which a killed worker is no longer present
FOLLOW_SECONDS = 60.0  # for the followers to hear of the last end


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a storm did, and which promises it broke: none, if all is well."""

    tallies: Tallies
    faults: list[str]
    seconds: float  # of the storm
    jobs: int
    fates: Mapping[Fate, int]  # how many of them a user steered, and how
    measurements: int
    events: int
    repeats: int  # requests that were sent again until they were answered
    moves: int  # of followers, from one replica to another


@dataclass(frozen=True, kw_only=True)
class Straight:
    """Jobs by name, and how they end where nothing happens."""

    bodies: Mapping[str, Body]
    doomed: Collection[str]  # that are to be cancelled in a storm
    outcome: Outcome
    needed: Collection[Key]  # measurements that the others need


@contextmanager
def undisturbed(
    work: Workload, folder: Path, *, seconds: float
) -> Iterator[Callable[[], Straight]]:
    """Begins with the jobs; what it gives waits for their end, and raises RuntimeError when that
    does not come within so many seconds."""
    bodies = workload.bodies(work, workload.write_data(folder / "pairs"))
    with closing(Undisturbed(folder / "straight", bodies, work.doomed)) as running:

        @cache
        def end() -> Straight:
            found, needed = running.outcome(seconds)
            running.close()  # its processors are for the storm
            return Straight(bodies=bodies, doomed=work.doomed, outcome=found, needed=needed)

        yield end


def disturbed(
    undisturbed: Callable[[], Straight],
    folder: Path,
    *,
    seed: int,
    every_seconds: tuple[float, float],
    seconds: float,
    blows: int | None = None,
    kinds: Collection[Kind] = tuple(Kind),
) -> Result:
    """A whole site in `folder`, and a storm on it until the jobs have ended, of just so many
    blows to parts of these kinds, while a user steers at the same pace. `undisturbed` is waited for
    once the site stands. Raises TimeoutError when the jobs do not end within so many seconds."""
    with ExitStack() as open_here:
        site = open_here.enter_context(closing(Site(folder)))
        site.start()
        straight = undisturbed()
        urls = [replica.url for replica in site.replicas]
        bodies = straight.bodies
        submitting = open_here.enter_context(closing(Submitting(urls, workload.supernet(), bodies)))
        steering = open_here.enter_context(
            closing(
                Steering(
                    *(urls, submitting.ids, straight.doomed),
                    seed=seed,
                    before_seconds=every_seconds,
                )
            )
        )
        followers: dict[str, Following] = {}

        def ended() -> bool:
            for name, job in list(submitting.ids.items()):
                if job not in followers:
                    ends = partial(steering.ends, name)
                    following = Following(urls, job, ends=ends)
                    followers[job] = open_here.enter_context(closing(following))
            return (
                len(submitting.ids) == len(bodies) and steering.over and not site.watching.open_jobs
            )

        storm = Storm(site, seed=seed, every_seconds=every_seconds, blows=blows, kinds=kinds)
        began = time.monotonic()
        submitting.start()
        steering.start(list(bodies))
        storm.rage(until=ended, seconds=seconds)
        lasted = time.monotonic() - began
        _wait(lambda: all(f.ended for f in followers.values()), FOLLOW_SECONDS)
        site.leave(LEAVE_SECONDS)
        _wait(lambda: not site.watching.workers, LEASE_SECONDS)
        found = outcome(site.postgres.url, Artifacts(str(site.data / "artifacts")))
        cancelled = {name for name, fate in steering.done.items() if fate is Fate.CANCELLED}
        faults = [
            *storm.faults,
            *submitting.faults,
            *verdict.of_outcome(
                found, straight.outcome, cancelled=cancelled, needed=straight.needed
            ),
            *verdict.of_events(site.postgres.url, followers),
            *verdict.of_claims(site.postgres.url),
        ]
        return Result(
            tallies=storm.tallies,
            faults=faults,
            seconds=lasted,
            jobs=len(found.jobs),
            fates=Counter(steering.done.values()),
            measurements=len(found.measured),
            events=site.watching.events,
            repeats=submitting.repeats,
            moves=sum(follower.moves for follower in followers.values()),
        )


def _wait(until: Callable[[], bool], seconds: float) -> None:
    """At most so long: whoever asks then sees what is missing."""
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        time.sleep(0.1)
