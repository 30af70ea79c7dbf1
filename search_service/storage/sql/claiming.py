"""Which job is claimed next, found without looking at all that are open.

Of the highest priority, each team's oldest queued job is one step in an index, and so is the next
team; jobs whose claims have ended are among the running ones, which are as many as workers. Among
those the team's share of the workers decides, then age.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Label,
    RowMapping,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)

from search_service.domain.job import JobState
from search_service.storage.clock import LONGEST_LEASE
from search_service.storage.sql import tables

_TRIED = 16  # in the order in which they are due, while others are just about to claim them

_jobs = tables.jobs.c


def claimable(now: datetime) -> ColumnElement[bool]:
    """Queued, or running under a claim that has ended."""
    return or_(
        _jobs.state == JobState.QUEUED, and_(_jobs.state == JobState.RUNNING, _has_ended(now))
    )


def next_claimable(connection: Connection, now: datetime) -> RowMapping | None:
    """The row of the job that is due, locked; jobs that others have locked are stepped over."""
    first = connection.execute(top_priority(now)).scalar_one()
    if first is None:
        return None
    due = connection.execute(candidates(first, now).limit(_TRIED)).all()
    for job_id, team, state in due:
        one = select(tables.jobs).where(_jobs.id == job_id, claimable(now))
        statement = oldest(first, team) if state == JobState.QUEUED else one
        found = connection.execute(statement.with_for_update(skip_locked=True)).mappings().first()
        if found is not None:
            return found
    return connection.execute(_any(now)).mappings().first()


def top_priority(now: datetime) -> Select[int | None]:
    """Of the jobs that can be claimed."""
    queued = select(func.max(_jobs.priority).label("priority")).where(tables.QUEUED)
    ended = select(func.max(_jobs.priority)).where(tables.RUNNING, _has_ended(now))
    return select(func.max(union_all(queued, ended).subquery("tops").c.priority))


def candidates(priority: int, now: datetime) -> Select[str, str, str]:
    """Id, team and state of each team's oldest queued job of a priority, and of those whose claims
    have ended; who is due first comes first."""
    teams = (
        select(func.min(_jobs.team).label("team"))
        .where(tables.QUEUED, _jobs.priority == priority)
        .cte("teams", recursive=True)
    )
    more = tables.jobs.alias("more").c
    following = (
        select(func.min(more.team))
        .where(tables.QUEUED, more.priority == priority, more.team > teams.c.team)
        .correlate(teams)
        .scalar_subquery()
    )
    teams = teams.union_all(select(following).where(teams.c.team.is_not(None)))
    due = union_all(
        select(
            _of_oldest(teams, priority, "id"),
            teams.c.team,
            literal(JobState.QUEUED.value).label("state"),
            _of_oldest(teams, priority, "created_at"),
        ).where(teams.c.team.is_not(None)),
        select(_jobs.id, _jobs.team, _jobs.state, _jobs.created_at).where(
            tables.RUNNING, _has_ended(now), _jobs.priority == priority
        ),
    ).subquery("due")
    at_work = _at_work(now)
    share = func.coalesce(at_work.c.share, 0)
    return (
        select(due.c.id, due.c.team, due.c.state)
        .outerjoin(at_work, at_work.c.team == due.c.team)
        .order_by(share, due.c.created_at, due.c.id)
    )


def _of_oldest(teams: CTE, priority: int, name: str) -> Label[Any]:
    """A column of each team's oldest queued job."""
    heads = tables.jobs.alias("heads").c
    return (
        select(heads[name])
        .where(tables.QUEUED, heads.priority == priority, heads.team == teams.c.team)
        .order_by(heads.created_at, heads.id)
        .limit(1)
        .correlate(teams)
        .scalar_subquery()
        .label(name)
    )


def oldest(priority: int, team: str) -> Select[Any]:
    """The row of a team's oldest queued job of a priority."""
    return (
        select(tables.jobs)
        .where(tables.QUEUED, _jobs.priority == priority, _jobs.team == team)
        .order_by(_jobs.created_at, _jobs.id)
        .limit(1)
    )


def _any(now: datetime) -> Select[Any]:
    """In the same order, of all: where others have locked every one that was due."""
    at_work = _at_work(now)
    share = func.coalesce(at_work.c.share, 0)
    return (
        select(tables.jobs)
        .outerjoin(at_work, at_work.c.team == _jobs.team)
        .where(claimable(now))
        .order_by(_jobs.priority.desc(), share, _jobs.created_at, _jobs.id)
        .limit(1)
        .with_for_update(of=tables.jobs, skip_locked=True)
    )


def _at_work(now: datetime) -> Any:
    """How many jobs of each team a worker has."""
    others = tables.jobs.alias("others").c
    return (
        select(others.team, func.count().label("share"))
        .where(tables.RUNNING, others.lease_until > now, others.lease_until <= now + LONGEST_LEASE)
        .group_by(others.team)
        .subquery("at_work")
    )


def _has_ended(now: datetime) -> ColumnElement[bool]:
    """The claim of a running job; so has one whose lease ends later than any lease can."""
    until = _jobs.lease_until
    return or_(until.is_(None), until <= now, until > now + LONGEST_LEASE)
