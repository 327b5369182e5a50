"""What a user does with a job: pause it, label it, write notes, archive and clone it, and submit it once only.

Candidates tell their number of layers, and get the indexes that their lists follow.

Revision 0009, follows 0008.
"""

import json
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"
branch_labels: Final = None
depends_on: Final = None

LARGEST_FLOAT: Final = "1.7976931348623157e308"
CHUNK: Final = 5000
RANKING: Final = "ix_candidates_job_id_phase_negative_fitness_parameters_number"
LISTED: Final = ("parameters", "status", "layers", "operator")


def upgrade() -> None:
    """Add columns, tables and indexes; count the layers of the candidates that are there."""
    op.add_column("jobs", sa.Column("pause_requested", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("notes", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("cloned_from", sa.String(40), nullable=True))
    op.create_table(
        "job_labels",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "label", name=op.f("pk_job_labels")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_labels_job_id_jobs"), ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_job_labels_label_job_id"), "job_labels", ["label", "job_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("operation", sa.String(200), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("attempt", sa.String(32), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_keys")),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_idempotency_keys_state")),
        sa.CheckConstraint(
            "(state = 'done') = (status_code IS NOT NULL)", name=op.f("ck_idempotency_keys_answer_when_done")
        ),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
    op.create_table(
        "calibrations",
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("flops_per_second", sa.Double(), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_calibrations")),
        sa.CheckConstraint(
            f"flops_per_second BETWEEN 0 AND {LARGEST_FLOAT}", name=op.f("ck_calibrations_flops_per_second_finite")
        ),
    )
    op.add_column("candidates", sa.Column("layers", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("candidates", sa.Column("negative_fitness", sa.Double(), nullable=True))
    op.execute(sa.text("UPDATE candidates SET negative_fitness = -fitness WHERE fitness IS NOT NULL"))
    _count_layers(op.get_bind())
    op.drop_index(op.f("ix_candidates_job_id_phase_fitness"), table_name="candidates")
    op.create_index(
        op.f(RANKING),
        "candidates",
        ["job_id", "phase", "negative_fitness", "parameters", "number"],
        sqlite_where=sa.text("negative_fitness IS NOT NULL"),
        postgresql_where=sa.text("negative_fitness IS NOT NULL"),
    )
    for column in LISTED:
        op.create_index(_index(column), "candidates", ["job_id", "phase", column, "number"])


def downgrade() -> None:
    """Take all of it back."""
    for column in LISTED:
        op.drop_index(_index(column), table_name="candidates")
    op.drop_index(op.f(RANKING), table_name="candidates")
    op.create_index(
        op.f("ix_candidates_job_id_phase_fitness"),
        "candidates",
        ["job_id", "phase", "fitness"],
        sqlite_where=sa.text("fitness IS NOT NULL"),
        postgresql_where=sa.text("fitness IS NOT NULL"),
    )
    op.drop_column("candidates", "negative_fitness")
    op.drop_column("candidates", "layers")
    for table in ("calibrations", "idempotency_keys", "job_labels"):
        op.drop_table(table)
    for name in ("cloned_from", "archived", "notes", "resumed_at", "pause_requested"):
        op.drop_column("jobs", name)


def _index(column: str) -> str:
    return op.f(f"ix_candidates_job_id_phase_{column}_number")


def _count_layers(connection: sa.Connection) -> None:
    candidates = sa.table("candidates", sa.column("id"), sa.column("architecture"), sa.column("layers"))
    # As text, which both databases give alike; few different networks make up most of the rows.
    page = (
        sa.select(candidates.c.id, sa.cast(candidates.c.architecture, sa.Text).label("architecture"))
        .where(candidates.c.id > sa.bindparam("last"))
        .order_by(candidates.c.id)
        .limit(CHUNK)
    )
    change = sa.update(candidates).where(candidates.c.id == sa.bindparam("row")).values(layers=sa.bindparam("count"))
    last = -1
    while rows := connection.execute(page, {"last": last}).all():
        connection.execute(change, [{"row": row.id, "count": _layers(row.architecture)} for row in rows])
        last = rows[-1].id


def _layers(architecture: str) -> int:
    return sum(layer.get("kind", "dense") in {"dense", "convolution"} for layer in json.loads(architecture)["layers"])
