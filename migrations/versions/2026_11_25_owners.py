"""Every job has an owner; those that are there belong to whoever sits at the machine.

Revision 0005, follows 0004.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the owner, and the indexes that lead from an owner to the newest jobs."""
    op.add_column("jobs", sa.Column("owner", sa.String(200), nullable=False, server_default="local"))
    op.create_index(op.f("ix_jobs_owner_created_at_id"), "jobs", ["owner", "created_at", "id"])
    op.create_index(op.f("ix_jobs_owner_status_created_at_id"), "jobs", ["owner", "status", "created_at", "id"])


def downgrade() -> None:
    """Forget who owns what."""
    op.drop_index(op.f("ix_jobs_owner_status_created_at_id"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_owner_created_at_id"), table_name="jobs")
    op.drop_column("jobs", "owner")
