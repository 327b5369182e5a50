"""What other methods answered on the test rows, so that a verdict can be recomputed from rows alone: table rivals.

Revision 0003, follows 0002.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None

LARGEST_FLOAT: Final = "1.7976931348623157e308"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "rivals",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("seed_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("validation_score", sa.Double(), nullable=True),
        sa.Column("predictions", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", "seed_index", name=op.f("pk_rivals")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_rivals_job_id_jobs"), ondelete="CASCADE"),
        sa.CheckConstraint(
            "(validation_score IS NULL) = (predictions IS NULL)", name=op.f("ck_rivals_score_and_predictions")
        ),
        # NaN and the infinities lie outside on both databases.
        sa.CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name=op.f("ck_rivals_seconds_finite")),
        sa.CheckConstraint("validation_score BETWEEN 0 AND 1", name=op.f("ck_rivals_validation_score_share")),
    )


def downgrade() -> None:
    """Remove the table with all that it holds."""
    op.drop_table("rivals")
