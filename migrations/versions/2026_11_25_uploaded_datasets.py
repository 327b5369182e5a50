"""Data sets that users upload, and which of them a job is about.

Revision 0007, follows 0006.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the table, and the column that leads from a job to its data set."""
    op.create_table(
        "uploaded_datasets",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("prepared_key", sa.String(64), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploaded_datasets")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_uploaded_datasets_owner_name")),
    )
    op.create_index(op.f("ix_uploaded_datasets_file_sha256"), "uploaded_datasets", ["file_sha256"])
    op.create_index(op.f("ix_uploaded_datasets_prepared_key"), "uploaded_datasets", ["prepared_key"])
    op.add_column("jobs", sa.Column("dataset_id", sa.String(40), nullable=True))
    op.create_index(op.f("ix_jobs_dataset_id"), "jobs", ["dataset_id"])


def downgrade() -> None:
    """Forget uploaded data sets; their files stay in the data directory."""
    op.drop_index(op.f("ix_jobs_dataset_id"), table_name="jobs")
    op.drop_column("jobs", "dataset_id")
    op.drop_index(op.f("ix_uploaded_datasets_prepared_key"), table_name="uploaded_datasets")
    op.drop_index(op.f("ix_uploaded_datasets_file_sha256"), table_name="uploaded_datasets")
    op.drop_table("uploaded_datasets")
