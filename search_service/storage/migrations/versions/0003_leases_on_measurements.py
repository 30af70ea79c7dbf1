"""Who is measuring what."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurement_leases",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_measurement_leases_job"),
        sa.PrimaryKeyConstraint("key", name="pk_measurement_leases"),
    )
    op.create_index("ix_measurement_leases_job", "measurement_leases", ["job"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_measurement_leases_job", table_name="measurement_leases")
    op.drop_table("measurement_leases")
