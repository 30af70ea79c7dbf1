"""What must hold after the storm, and where it does not, in words."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from sqlalchemy import func, select

from infra.chaos.outcome import Facts, Key, Outcome, all_events
from search_service.domain.job import JobState
from search_service.storage import open_storage
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import measurement_leases

SHOWN = 300  # characters of a difference


class Follower(Protocol):
    """Who heard a job's events."""

    @property
    def heard(self) -> Sequence[int]:
        """Their numbers, as they came."""
        ...


def of_outcome(
    disturbed: Outcome,
    straight: Outcome,
    *,
    cancelled: Collection[str] = (),
    needed: Collection[Key] | None = None,
) -> Iterator[str]:
    """The same jobs must have ended alike, and the same measurements be there, each once. Of those
    that were `cancelled`, by name, what had ended must be as undisturbed, and `needed` are the
    measurements of the others: all, if it is left out."""
    for name in sorted({*disturbed.jobs, *straight.jobs}):
        is_, should = disturbed.jobs.get(name, {}), straight.jobs.get(name, {})
        if name in cancelled:
            yield from _of_cancelled(name, is_, should)
            continue
        for fact in sorted({*is_, *should}):
            if is_.get(fact) != should.get(fact):
                yield (
                    f"{name}: {fact} is {str(is_.get(fact))[:SHOWN]}, "
                    f"undisturbed {str(should.get(fact))[:SHOWN]}"
                )
    repeated = len(disturbed.measured) - len(set(disturbed.measured))
    if repeated:
        yield f"{repeated} measurements are stored twice"
    found = _comparable(disturbed.measured)
    lost = _comparable(straight.measured if needed is None else needed) - found
    extra = found - _comparable(straight.measured)
    if lost or extra:
        yield f"{len(lost)} measurements are missing, {len(extra)} were not needed"


def _comparable(keys: Collection[Key]) -> set[Key]:
    """Without times: of how many architectures they are taken again at the end depends on them."""
    return {key for key in keys if not key[-1]}


def _of_cancelled(name: str, is_: Facts, should: Facts) -> Iterator[str]:
    if is_.get("state") != JobState.CANCELLED:
        yield f"{name}: was cancelled and is {is_.get('state')}"
    straight = {number: rest for number, *rest in should.get("evaluations", [])}
    found = {number: rest for number, *rest in is_.get("evaluations", [])}
    if is_.get("counted", 0) != len(found):
        yield f"{name}: {is_['counted']} evaluations are counted, {len(found)} are there"
    for number, (*facts, final) in found.items():
        *undisturbed, last = straight.get(number, [None])
        if facts != undisturbed or final not in (last, str({})):
            yield f"{name}: evaluation {number} is {facts}, {final}; undisturbed {undisturbed}"[
                :SHOWN
            ]


def of_events(url: str, followers: Mapping[str, Follower]) -> Iterator[str]:
    """Numbered without a gap, told without a gap or a repeat; `followers` by the job's id."""
    storage = open_storage(url)
    for job, follower in followers.items():
        stored = [event.sequence for event in all_events(job, storage)]
        if stored != list(range(1, len(stored) + 1)):
            yield f"the events of {job} are numbered {stored}"[:SHOWN]
        if follower.heard != stored:
            yield f"{len(stored)} events of {job} are stored, heard were {follower.heard}"[:SHOWN]
    storage.close()


def of_claims(url: str) -> Iterator[str]:
    """Nothing may be claimed, leased or present once all jobs have ended and the workers left."""
    storage, database = open_storage(url), Database(url)
    for (kind, state), count in storage.jobs.counts().items():
        if count and state not in ("succeeded", "failed", "cancelled"):
            yield f"{count} jobs ({kind}) are {state}"
    if present := storage.workers.present():
        yield f"workers are present that have left: {', '.join(present)}"
    with database.reading() as connection:
        leases = connection.execute(select(func.count()).select_from(measurement_leases)).scalar()
    if leases:
        yield f"{leases} measurements are leased"
    database.close()
    storage.close()
