"""A score on the validation rows may be R2, which has no lower limit: it need only be finite.

Revision 0013, follows 0012.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0013"
down_revision: Final = "0012"
branch_labels: Final = None
depends_on: Final = None

LARGEST_FLOAT: Final = "1.7976931348623157e308"


def upgrade() -> None:
    """Allow every finite score."""
    with op.batch_alter_table("rivals") as table:
        table.drop_constraint(op.f("ck_rivals_validation_score_share"), type_="check")
        # NaN and the infinities lie outside on both databases.
        table.create_check_constraint(
            op.f("ck_rivals_validation_score_finite"), f"validation_score BETWEEN -{LARGEST_FLOAT} AND {LARGEST_FLOAT}"
        )


def downgrade() -> None:
    """Allow shares alone, and remove the fits whose scores are none."""
    op.execute(sa.text("DELETE FROM rivals WHERE validation_score NOT BETWEEN 0 AND 1"))
    with op.batch_alter_table("rivals") as table:
        table.drop_constraint(op.f("ck_rivals_validation_score_finite"), type_="check")
        table.create_check_constraint(op.f("ck_rivals_validation_score_share"), "validation_score BETWEEN 0 AND 1")
