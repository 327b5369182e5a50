"""Jobs have a priority and a turn; webhooks and their deliveries.

Revision 0011, follows 0010.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0011"
down_revision: Final = "0010"
branch_labels: Final = None
depends_on: Final = None

JOB_INDEXES: Final[dict[str, list[str | sa.TextClause]]] = {
    "ix_jobs_status_owner_priority_created_at_id": ["status", "owner", sa.text("priority DESC"), "created_at", "id"],
    "ix_jobs_owner_turn": ["owner", "turn"],
    "ix_jobs_turn": ["turn"],
    "ix_jobs_finished_at": ["finished_at"],
}


def upgrade() -> None:
    """Add what the queue and the retention need; jobs that are there have the middle priority, and had no turn."""
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("turn", sa.BigInteger(), nullable=True))
    for name, columns in JOB_INDEXES.items():
        op.create_index(op.f(name), "jobs", columns)
    op.create_table(
        "webhooks",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_webhooks_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_open"), "webhooks", ["open"])
    op.create_table(
        "deliveries",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name=op.f("ck_deliveries_status")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_deliveries_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "sequence", name=op.f("pk_deliveries")),
    )
    op.create_index(
        op.f("ix_deliveries_status_attempts_next_attempt_at"), "deliveries", ["status", "attempts", "next_attempt_at"]
    )


def downgrade() -> None:
    """Forget priorities, turns and webhooks."""
    op.drop_table("deliveries")
    op.drop_table("webhooks")
    for name in reversed(JOB_INDEXES):
        op.drop_index(op.f(name), table_name="jobs")
    op.drop_column("jobs", "turn")
    op.drop_column("jobs", "priority")
