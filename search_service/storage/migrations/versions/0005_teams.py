"""Whose a job is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    column = sa.Column("team", sa.String(), nullable=False, server_default="default")
    op.add_column("jobs", column)
    op.execute(
        "UPDATE jobs SET team ="
        " (SELECT value FROM job_labels WHERE job = jobs.id AND name = 'team')"
        " WHERE EXISTS (SELECT 1 FROM job_labels"
        " WHERE job = jobs.id AND name = 'team' AND value <> '')"
    )
    op.create_index(
        "ix_jobs_running", "jobs", ["team"], sqlite_where=RUNNING, postgresql_where=RUNNING
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_running", table_name="jobs")
    op.drop_column("jobs", "team")
