"""Queued jobs by priority, team and age, for claims that look at one of each team."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

QUEUED = sa.text("state = 'queued'")
OPEN_STATES = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.drop_index("ix_jobs_claimable", table_name="jobs")
    op.create_index(
        "ix_jobs_claimable",
        "jobs",
        ["priority", "team", "created_at", "id"],
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_claimable", table_name="jobs")
    op.create_index(
        "ix_jobs_claimable",
        "jobs",
        ["priority", "created_at", "id"],
        sqlite_where=OPEN_STATES,
        postgresql_where=OPEN_STATES,
    )
