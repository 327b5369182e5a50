"""Candidates get replicates, an early stop and the search's prediction; evaluations one score per replicate.

The phase "finalists" comes in, whose name the checks of four tables must allow.

Revision 0002, follows 0001.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

OLD_PHASES: Final = "phase IN ('search', 'baseline', 'final')"
PHASES: Final = "phase IN ('search', 'baseline', 'finalists', 'final')"
TABLES_WITH_A_PHASE: Final = ("jobs", "progress", "candidates", "networks")


def upgrade() -> None:
    """Add the columns and allow the new phase; candidates that are there had one replicate."""
    with op.batch_alter_table("candidates") as table:
        table.add_column(sa.Column("replicates", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("stop_after", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("prediction", sa.JSON(), nullable=True))
    with op.batch_alter_table("candidates") as table:
        # The default was for the rows that were there; from now on every row says it.
        table.alter_column("replicates", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    with op.batch_alter_table("evaluations") as table:
        table.add_column(sa.Column("scores", sa.JSON(), nullable=True))
    _allow(PHASES)


def downgrade() -> None:
    """Remove the columns and the rows of the phase that the older release does not know."""
    for name in ("networks", "candidates", "progress"):
        op.execute(sa.text(f"DELETE FROM {name} WHERE phase = 'finalists'"))  # noqa: S608 - names from the line above
    op.execute(sa.text("UPDATE jobs SET phase = 'baseline' WHERE phase = 'finalists'"))
    _allow(OLD_PHASES)
    with op.batch_alter_table("evaluations") as table:
        table.drop_column("scores")
    with op.batch_alter_table("candidates") as table:
        for name in ("prediction", "stop_after", "replicates"):
            table.drop_column(name)


def _allow(phases: str) -> None:
    for name in TABLES_WITH_A_PHASE:
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"ck_{name}_phase"), type_="check")
            table.create_check_constraint(op.f(f"ck_{name}_phase"), phases)
