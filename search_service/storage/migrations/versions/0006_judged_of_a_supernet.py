"""What fronts over a supernet are found in, and what evaluations are ordered by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ON_FRONT = sa.text("on_front")
BATCH = 1000

evaluations = sa.table(
    "evaluations",
    sa.column("id", sa.String),
    sa.column("job", sa.String),
    sa.column("number", sa.Integer),
    sa.column("values", sa.JSON),
    sa.column("final_values", sa.JSON),
)


def upgrade() -> None:
    order = op.create_table(
        "evaluation_order",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job", "name", "value", "number", name="pk_evaluation_order"),
    )
    op.create_table(
        "judged_blocks",
        sa.Column("supernet", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("block", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("supernet", "number", name="pk_judged_blocks"),
    )
    op.create_table(
        "judged_tail",
        sa.Column("evaluation", sa.String(), nullable=False),
        sa.Column("supernet", sa.String(), nullable=False),
        sa.Column("block", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("evaluation", name="pk_judged_tail"),
    )
    op.execute(
        "INSERT INTO judged_tail (evaluation, supernet)"
        " SELECT id, supernet FROM evaluations WHERE state = 'measured'"
    )
    op.create_index("ix_judged_tail_supernet", "judged_tail", ["supernet"], unique=False)
    op.drop_index("ix_evaluations_supernet_state_id", table_name="evaluations")
    op.drop_index("ix_evaluations_job_on_front", table_name="evaluations")
    op.create_index(
        "ix_evaluations_on_front",
        "evaluations",
        ["job"],
        sqlite_where=ON_FRONT,
        postgresql_where=ON_FRONT,
    )
    _fill(order)


def _fill(order: sa.Table) -> None:
    connection, last = op.get_bind(), ""
    while True:
        after = sa.select(evaluations).where(evaluations.c.id > last).order_by(evaluations.c.id)
        found = list(connection.execute(after.limit(BATCH)).mappings())
        if not found:
            return
        last = found[-1]["id"]
        rows = []
        for row in found:
            best = {**row["values"], **row["final_values"]}
            named = {name: value["value"] for name, value in best.items()}
            named["=" + ",".join(sorted(best))] = 0.0
            rows += [
                {"job": row["job"], "name": name, "value": value, "number": row["number"]}
                for name, value in named.items()
            ]
        connection.execute(sa.insert(order), rows)


def downgrade() -> None:
    op.drop_index("ix_evaluations_on_front", table_name="evaluations")
    op.create_index("ix_evaluations_job_on_front", "evaluations", ["job", "on_front"], unique=False)
    op.create_index(
        "ix_evaluations_supernet_state_id", "evaluations", ["supernet", "state", "id"], unique=False
    )
    op.drop_index("ix_judged_tail_supernet", table_name="judged_tail")
    op.drop_table("judged_tail")
    op.drop_table("judged_blocks")
    op.drop_table("evaluation_order")
