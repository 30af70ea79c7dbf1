"""The schema. Migrations build the same one, and a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        time: datetime = value
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

supernets = Table(
    "supernets",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("family", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("dataset", String, nullable=False),
    Column("feature_extractor", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", String, nullable=False),
    Column("protocol", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "created_at", "id"),
)

QUEUED = text("state = 'queued'")
RUNNING = text("state = 'running'")
ON_FRONT = text("on_front")

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("supernet", String, nullable=False),  # empty where there is none
    Column("spec", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("team", String, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("reference_point", JSON(none_as_null=True)),
    Column("evaluations", Integer, nullable=False),
    Column("front_size", Integer, nullable=False),
    Column("hypervolume", Float(53)),
    Column("result", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("fence", Integer, nullable=False),  # of the latest claim; 0 before the first
    Column("worker", String, nullable=False),  # that made it
    Column("lease_until", UtcTime),
    Column("last_event", Integer, nullable=False),  # the sequence number given last
    Index(None, "created_at", "id"),
    Index(None, "supernet", "created_at"),
    Index(None, "kind", "state"),
    # For claims: a step to each team of a priority, and to its oldest job.
    Index(
        "ix_jobs_claimable",
        "priority",
        "team",
        "created_at",
        "id",
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    ),
    # For the share that each team has of the workers.
    Index("ix_jobs_running", "team", sqlite_where=RUNNING, postgresql_where=RUNNING),
)

# `jobs.labels` again, one row a label, so that a filter by label has an index.
job_labels = Table(
    "job_labels",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    Index(None, "name", "value"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", String, primary_key=True),
    Column("job", String, ForeignKey("jobs.id"), nullable=False),
    Column("supernet", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("architecture", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("values", JSON, nullable=False),
    Column("final_values", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("samples_artifact", String),
    Column("seconds", Float(53), nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("on_front", Boolean, nullable=False),  # of its job
    Column("recorded", Integer, nullable=False),  # its place in the order of recording, from 1
    Column("front_size", Integer, nullable=False),  # of the job after it
    Column("hypervolume", Float(53)),  # of the job after it
    UniqueConstraint("job", "number"),
    Index(None, "job", "recorded"),
    Index("ix_evaluations_on_front", "job", sqlite_where=ON_FRONT, postgresql_where=ON_FRONT),
)

# What a job's evaluations are ordered by. One row for each objective's best value, and one under
# the names of all the objectives that the evaluation has, by which those that lack one are found.
evaluation_order = Table(
    "evaluation_order",
    metadata,
    Column("job", String, primary_key=True),
    Column("name", String, primary_key=True),  # an objective, or `rows.having`
    Column("value", Float(53), primary_key=True),  # 0 under the names
    Column("number", Integer, primary_key=True, autoincrement=False),
)

# The measured evaluations of a supernet as `domain.judged.Block`s, in the order in which they were
# put there: full ones that stay as they are, and a last one that grows.
judged_blocks = Table(
    "judged_blocks",
    metadata,
    Column("supernet", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),  # its rows
    Column("block", LargeBinary, nullable=False),
)

# Those that are in no block yet, or are with older values.
judged_tail = Table(
    "judged_tail",
    metadata,
    Column("evaluation", String, primary_key=True),
    Column("supernet", String, nullable=False),
    Column("block", LargeBinary),  # of one row; NULL: to be made from the evaluation
    Index(None, "supernet"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("key", String, primary_key=True),  # SHA-256 over the five columns that follow
    Column("supernet_digest", String, nullable=False),
    Column("architecture", Text, nullable=False),
    Column("objective", String, nullable=False),
    Column("protocol_digest", String, nullable=False),
    Column("device", String, nullable=False),
    Column("value", Float(53), nullable=False),
    Column("low", Float(53), nullable=False),
    Column("high", Float(53), nullable=False),
    Column("protocol_objective", String, nullable=False),
    Column("protocol_parameters", JSON, nullable=False),
    Column("measured_on", String, nullable=False),
    Column("samples", Integer),
    Column("seconds", Float(53), nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# Who is measuring what; a row counts while that claim stands.
measurement_leases = Table(
    "measurement_leases",
    metadata,
    Column("key", String, primary_key=True),
    Column("job", String, ForeignKey("jobs.id"), nullable=False),
    Column("fence", Integer, nullable=False),
    Index(None, "job"),
)

events = Table(
    "events",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String, primary_key=True),
    Column("token", String, nullable=False),  # of the process that has the name
    Column("until", UtcTime, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("protocol", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Index(None, "given_at"),
)
