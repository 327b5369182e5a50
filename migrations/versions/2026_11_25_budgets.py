"""Jobs remember at how many candidates their search ended, and for how many seconds it has run.

Revision 0004, follows 0003.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the columns; the jobs that are there had no limit in seconds, so nothing is missing of what they ran."""
    op.add_column("jobs", sa.Column("stopped_at", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("search_seconds", sa.Double(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Remove the columns."""
    op.drop_column("jobs", "search_seconds")
    op.drop_column("jobs", "stopped_at")
