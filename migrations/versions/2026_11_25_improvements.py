"""The progress of a phase names the candidates that were each better than all before them.

Revision 0006, follows 0005.
"""

import json
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None

# One pass over the candidates of a phase; it is made here for the last time.
IMPROVEMENTS: Final = """
    SELECT number, fitness FROM (
        SELECT number, fitness,
               max(fitness) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
        FROM candidates WHERE job_id = :job AND phase = :phase AND fitness IS NOT NULL
    ) AS series
    WHERE earlier IS NULL OR fitness > earlier ORDER BY number
"""


def upgrade() -> None:
    """Add the column and fill it for the phases that are there."""
    op.add_column("progress", sa.Column("improvements", sa.JSON(), nullable=False, server_default="[]"))
    connection = op.get_bind()
    for job, phase in connection.execute(sa.text("SELECT job_id, phase FROM progress")).fetchall():
        found = connection.execute(sa.text(IMPROVEMENTS), {"job": job, "phase": phase})
        connection.execute(
            sa.text("UPDATE progress SET improvements = :found WHERE job_id = :job AND phase = :phase"),
            {"found": json.dumps([[number, fitness] for number, fitness in found]), "job": job, "phase": phase},
        )
    with op.batch_alter_table("progress") as table:
        table.alter_column("improvements", existing_type=sa.JSON(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("progress", "improvements")
