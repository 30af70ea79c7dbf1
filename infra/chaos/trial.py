"""One trial: jobs undisturbed, the same jobs in a storm, and what the two have in common."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from infra.chaos import verdict, workload
from infra.chaos.following import Following
from infra.chaos.outcome import Outcome, outcome
from infra.chaos.site import Site
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
    measurements: int
    events: int
    repeats: int  # requests that were sent again until they were answered
    moves: int  # of followers, from one replica to another


def undisturbed(
    work: Workload, folder: Path, *, seconds: float
) -> tuple[Mapping[str, Body], Outcome]:
    """The jobs, and how they end where nothing happens."""
    bodies = workload.bodies(work, workload.write_data(folder / "pairs"))
    with closing(Undisturbed(folder / "straight", bodies)) as straight:
        return bodies, straight.outcome(seconds)


def disturbed(
    bodies: Mapping[str, Body],
    straight: Outcome,
    folder: Path,
    *,
    seed: int,
    every_seconds: tuple[float, float],
    seconds: float,
    blows: int | None = None,
) -> Result:
    """A whole site in `folder`, and a storm on it until the jobs have ended, of at most so many
    blows. Raises TimeoutError when they do not end within so many seconds."""
    with ExitStack() as open_here:
        site = open_here.enter_context(closing(Site(folder)))
        site.start()
        urls = [replica.url for replica in site.replicas]
        submitting = open_here.enter_context(closing(Submitting(urls, workload.supernet(), bodies)))
        followers: dict[str, Following] = {}

        def ended() -> bool:
            for job in list(submitting.ids.values()):
                if job not in followers:
                    followers[job] = open_here.enter_context(closing(Following(urls, job)))
            return len(submitting.ids) == len(bodies) and not site.watching.open_jobs

        storm = Storm(site, seed=seed, every_seconds=every_seconds, blows=blows)
        began = time.monotonic()
        submitting.start()
        storm.rage(until=ended, seconds=seconds)
        lasted = time.monotonic() - began
        _wait(lambda: all(f.ended for f in followers.values()), FOLLOW_SECONDS)
        site.leave(LEAVE_SECONDS)
        _wait(lambda: not site.watching.workers, LEASE_SECONDS)
        found = outcome(site.postgres.url, Artifacts(str(site.data / "artifacts")))
        faults = [
            *submitting.faults,
            *verdict.of_outcome(found, straight),
            *verdict.of_events(site.postgres.url, followers),
            *verdict.of_claims(site.postgres.url),
        ]
        return Result(
            tallies=storm.tallies,
            faults=faults,
            seconds=lasted,
            jobs=len(found.jobs),
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
