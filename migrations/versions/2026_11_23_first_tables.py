"""First tables: jobs, progress, candidates, evaluations, events, datasets, networks.

Revision 0001, follows none.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

LARGEST_FLOAT: Final = "1.7976931348623157e308"
PHASES: Final = "phase IN ('search', 'baseline', 'final')"
TABLES: Final = ("networks", "datasets", "events", "evaluations", "candidates", "progress", "jobs")


def upgrade() -> None:
    """Create the tables."""
    moment = sa.DateTime(timezone=True)
    row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def required(name: str, kind: Any) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=False)

    def optional(name: str, kind: Any) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=True)

    def of_job(table: str) -> sa.ForeignKeyConstraint:
        name = op.f(f"fk_{table}_job_id_jobs")
        return sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=name, ondelete="CASCADE")

    op.create_table(
        "jobs",
        required("id", sa.String(40)),
        required("name", sa.Text()),
        required("status", sa.String(16)),
        optional("phase", sa.String(16)),
        required("dataset", sa.Text()),
        optional("dataset_fingerprint", sa.String(64)),
        required("spec", sa.JSON()),
        required("seed", sa.BigInteger()),
        required("created_at", moment),
        optional("started_at", moment),
        optional("finished_at", moment),
        optional("stop_reason", sa.Text()),
        optional("error", sa.Text()),
        required("cancel_requested", sa.Boolean()),
        optional("lease_runner", sa.Text()),
        required("lease_number", sa.BigInteger()),
        optional("lease_expires", sa.Double()),
        optional("lease_boot", sa.Text()),
        required("event_count", sa.BigInteger()),
        optional("verdict", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_jobs_status"),
        ),
        sa.CheckConstraint(PHASES, name=op.f("ck_jobs_phase")),
    )
    op.create_index(op.f("ix_jobs_created_at_id"), "jobs", ["created_at", "id"])
    op.create_index(op.f("ix_jobs_status_created_at_id"), "jobs", ["status", "created_at", "id"])

    op.create_table(
        "progress",
        required("job_id", sa.String(40)),
        required("phase", sa.String(16)),
        required("proposed", sa.BigInteger()),
        required("evaluated", sa.BigInteger()),
        required("failed", sa.BigInteger()),
        required("epochs", sa.BigInteger()),
        required("flops", sa.Double()),
        required("seconds", sa.Double()),
        optional("best_number", sa.BigInteger()),
        optional("best_fitness", sa.Double()),
        optional("best_parameters", sa.BigInteger()),
        sa.PrimaryKeyConstraint("job_id", "phase", name=op.f("pk_progress")),
        of_job("progress"),
        sa.CheckConstraint(PHASES, name=op.f("ck_progress_phase")),
    )

    op.create_table(
        "candidates",
        sa.Column("id", row_number, nullable=False, autoincrement=True),
        required("job_id", sa.String(40)),
        required("phase", sa.String(16)),
        required("number", sa.BigInteger()),
        required("parents", sa.JSON()),
        required("operator", sa.Text()),
        required("seed", sa.BigInteger()),
        required("architecture", sa.JSON()),
        required("training", sa.JSON()),
        required("keep_network", sa.Boolean()),
        required("predict_test", sa.Boolean()),
        required("parameters", sa.BigInteger()),
        required("status", sa.String(16)),
        optional("fitness", sa.Double()),
        required("created_at", moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        of_job("candidates"),
        sa.UniqueConstraint("job_id", "phase", "number", name=op.f("uq_candidates_job_id_phase_number")),
        sa.CheckConstraint(PHASES, name=op.f("ck_candidates_phase")),
        sa.CheckConstraint("status IN ('pending', 'evaluated', 'failed')", name=op.f("ck_candidates_status")),
        sa.CheckConstraint(
            "(status = 'evaluated') = (fitness IS NOT NULL)", name=op.f("ck_candidates_fitness_when_evaluated")
        ),
    )
    op.create_index(
        op.f("ix_candidates_job_id_phase_fitness"),
        "candidates",
        ["job_id", "phase", "fitness"],
        sqlite_where=sa.text("fitness IS NOT NULL"),
        postgresql_where=sa.text("fitness IS NOT NULL"),
    )

    op.create_table(
        "evaluations",
        sa.Column("candidate_id", row_number, nullable=False, autoincrement=False),
        optional("fitness", sa.Double()),
        optional("error", sa.Text()),
        required("curve", sa.JSON()),
        required("epochs", sa.BigInteger()),
        required("flops", sa.BigInteger()),
        required("seconds", sa.Double()),
        required("worker", sa.Text()),
        optional("test_predictions", sa.LargeBinary()),
        required("created_at", moment),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_evaluations")),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_evaluations_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("(fitness IS NULL) <> (error IS NULL)", name=op.f("ck_evaluations_fitness_or_error")),
        # NaN and the infinities lie outside on both databases.
        sa.CheckConstraint(
            f"fitness BETWEEN -{LARGEST_FLOAT} AND {LARGEST_FLOAT}", name=op.f("ck_evaluations_fitness_finite")
        ),
        sa.CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name=op.f("ck_evaluations_seconds_finite")),
    )

    op.create_table(
        "events",
        required("job_id", sa.String(40)),
        required("sequence", sa.BigInteger()),
        required("type", sa.String(40)),
        required("data", sa.JSON()),
        required("created_at", moment),
        sa.PrimaryKeyConstraint("job_id", "sequence", name=op.f("pk_events")),
        of_job("events"),
    )

    op.create_table(
        "datasets",
        required("name", sa.String(200)),
        required("title", sa.Text()),
        required("task", sa.String(40)),
        required("input_shape", sa.JSON()),
        required("classes", sa.JSON()),
        required("train_rows", sa.BigInteger()),
        required("validation_rows", sa.BigInteger()),
        required("test_rows", sa.BigInteger()),
        required("fingerprint", sa.String(64)),
        required("source", sa.Text()),
        required("created_at", moment),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_datasets")),
    )

    op.create_table(
        "networks",
        required("id", sa.String(40)),
        required("job_id", sa.String(40)),
        required("phase", sa.String(16)),
        required("number", sa.BigInteger()),
        required("architecture", sa.JSON()),
        required("content", sa.LargeBinary()),
        required("sha256", sa.String(64)),
        required("created_at", moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        of_job("networks"),
        sa.UniqueConstraint("job_id", "phase", "number", name=op.f("uq_networks_job_id_phase_number")),
        sa.CheckConstraint(PHASES, name=op.f("ck_networks_phase")),
    )


def downgrade() -> None:
    """Remove the tables with all that they hold."""
    for table in TABLES:
        op.drop_table(table)
