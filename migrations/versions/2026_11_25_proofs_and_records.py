"""Networks become models: proofs of their downloads, what goes in and comes out, and the record of their jobs.

Revision 0010, follows 0009.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0010"
down_revision: Final = "0009"
branch_labels: Final = None
depends_on: Final = None

LARGEST_FLOAT: Final = "1.7976931348623157e308"


def upgrade() -> None:
    """Add the tables and columns; what earlier jobs found is not proven, and stays as it is."""
    op.add_column("networks", sa.Column("task", sa.String(40), nullable=True))
    op.add_column("networks", sa.Column("classes", sa.JSON(), nullable=True))
    op.add_column("networks", sa.Column("encoder", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_networks_created_at_id"), "networks", ["created_at", "id"])
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "proofs",
        sa.Column("network_id", sa.String(40), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("compared_rows", sa.BigInteger(), nullable=True),
        sa.Column("largest_difference", sa.Double(), nullable=True),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("network_id", "format", name=op.f("pk_proofs")),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_proofs_network_id_networks"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("format IN ('npz', 'onnx', 'snippet')", name=op.f("ck_proofs_format")),
        sa.CheckConstraint(
            "error IS NOT NULL OR (sha256 IS NOT NULL AND compared_rows IS NOT NULL)",
            name=op.f("ck_proofs_proven_or_error"),
        ),
        sa.CheckConstraint("error IS NULL OR content IS NULL", name=op.f("ck_proofs_no_content_with_error")),
        sa.CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name=op.f("ck_proofs_seconds_finite")),
        sa.CheckConstraint(
            f"largest_difference BETWEEN 0 AND {LARGEST_FLOAT}", name=op.f("ck_proofs_difference_finite")
        ),
    )
    op.create_table(
        "segments",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("lease_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "lease_number", name=op.f("pk_segments")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_segments_job_id_jobs"), ondelete="CASCADE"),
    )
    op.create_table(
        "records",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("rows_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_records")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_records_job_id_jobs"), ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Forget proofs and records; networks stay."""
    for table in ("records", "segments", "proofs"):
        op.drop_table(table)
    op.drop_index(op.f("ix_networks_created_at_id"), table_name="networks")
    for column in ("encoder", "classes", "task"):
        op.drop_column("networks", column)
