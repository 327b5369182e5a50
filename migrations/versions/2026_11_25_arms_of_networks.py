"""A job keeps the networks of other arms beside the winner's.

Revision 0014, follows 0013.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0014"
down_revision: Final = "0013"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the name of the arm, which no network that is there has: each is its job's winner."""
    op.add_column("networks", sa.Column("arm", sa.String(40), nullable=True))


def downgrade() -> None:
    """Delete the networks of other arms, which an earlier release would take for winners, and the column."""
    op.execute("DELETE FROM proofs WHERE network_id IN (SELECT id FROM networks WHERE arm IS NOT NULL)")
    op.execute("DELETE FROM networks WHERE arm IS NOT NULL")
    with op.batch_alter_table("networks") as table:
        table.drop_column("arm")
