"""The runners that are alive, with a job or without, and a way to the jobs that began lately: table runners.

Revision 0012, follows 0011.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0012"
down_revision: Final = "0011"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table and the index."""
    op.create_table(
        "runners",
        sa.Column("id", sa.String(300), nullable=False),
        sa.Column("seen", sa.Double(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=True),
        sa.Column("workers", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runners")),
    )
    op.create_index(op.f("ix_jobs_started_at"), "jobs", ["started_at"])


def downgrade() -> None:
    """Remove both."""
    op.drop_index(op.f("ix_jobs_started_at"), table_name="jobs")
    op.drop_table("runners")
