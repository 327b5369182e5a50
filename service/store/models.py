"""The tables. Their history is in `migrations/`; a test holds that both agree on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from service.store.entities import (
    CANDIDATE_STATUSES,
    DELIVERY_STATUSES,
    DOWNLOAD_FORMATS,
    IDEMPOTENCY_STATES,
    JOB_STATUSES,
    PHASES,
)

LARGEST_FLOAT: Final = "1.7976931348623157e308"
"""Written into checks: NaN and the infinities lie outside of plus and minus this on both databases."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on the way in and out; SQLite itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment, whose zone nobody knows, with ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored moment needs a time zone, got {value.isoformat()} without one")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the moment its zone back; PostgreSQL answers in the zone of the connection."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# JSON as text, not JSONB: JSONB turns numbers into decimals, in which -0.0 and the spelling of a float do not survive.
PlainJson: Final = JSON(none_as_null=True)
# SQLite numbers rows by itself only in a column that is declared INTEGER.
RowNumber: Final = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _job_id(**options: Any) -> Column[str]:
    return Column("job_id", String(40), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, **options)


jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(200), nullable=False, server_default="local"),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("phase", String(16)),
    Column("dataset", Text, nullable=False),
    # The uploaded data set that the name stood for when the job was submitted. No foreign key: the id stays when the
    # data set is deleted, so that another one of its name is never taken for it.
    Column("dataset_id", String(40)),
    Column("dataset_fingerprint", String(64)),
    Column("spec", PlainJson, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("stop_reason", Text),
    # How many candidates the search had when it ended, and for how many seconds it has run, restarts included.
    Column("stopped_at", BigInteger),
    Column("search_seconds", Double, nullable=False, server_default="0"),
    Column("error", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("pause_requested", Boolean, nullable=False, server_default=false()),
    # When it was last queued again after a pause: what was recorded before tells nothing of the pace since.
    Column("resumed_at", UtcDateTime),
    # What its owner writes on it, which changes nothing of what it does; labels have a table of their own.
    Column("notes", Text, nullable=False, server_default=""),
    Column("archived", Boolean, nullable=False, server_default=false()),
    # Not a reference: the job that it was cloned from may be deleted.
    Column("cloned_from", String(40)),
    Column("lease_runner", Text),
    Column("lease_number", BigInteger, nullable=False),
    Column("lease_expires", Double),
    Column("lease_boot", Text),
    Column("event_count", BigInteger, nullable=False),
    Column("verdict", PlainJson),
    Column("priority", Integer, nullable=False, server_default="0"),
    # Counts the jobs that were begun, over all owners: whose last number is the lowest has waited for the longest.
    Column("turn", BigInteger),
    CheckConstraint(_one_of("status", JOB_STATUSES), name="status"),
    CheckConstraint(_one_of("phase", PHASES), name="phase"),
    Index(None, "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    Index(None, "started_at"),
    Index(None, "owner", "created_at", "id"),
    Index(None, "owner", "status", "created_at", "id"),
    Index(None, "dataset_id"),
    Index(None, "owner", "turn"),
    Index(None, "turn"),
    Index(None, "finished_at"),
)

Index(
    "ix_jobs_status_owner_priority_created_at_id",
    jobs.c.status,
    jobs.c.owner,
    jobs.c.priority.desc(),
    jobs.c.created_at,
    jobs.c.id,
)

job_labels = Table(
    "job_labels",
    metadata,
    _job_id(primary_key=True),
    Column("label", String(60), primary_key=True),
    Index(None, "label", "job_id"),
)

# Which creations were asked for with an `Idempotency-Key`, and what was answered; rows of the last day only.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(200), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("operation", String(200), nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    # Who is at it, so that whoever asks again can tell a slow process from a dead one.
    Column("process", Text, nullable=False),
    Column("attempt", String(32), nullable=False),
    Column("status_code", Integer),
    Column("answer", PlainJson),
    Column("location", Text),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(_one_of("state", IDEMPOTENCY_STATES), name="state"),
    CheckConstraint("(state = 'done') = (status_code IS NOT NULL)", name="answer_when_done"),
    Index(None, "created_at"),
)

# How fast a runner's machine trains, measured once when it starts: what an estimate rests on before a job has ended.
calibrations = Table(
    "calibrations",
    metadata,
    Column("host", String(200), primary_key=True),
    Column("flops_per_second", Double, nullable=False),
    Column("workers", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(f"flops_per_second BETWEEN 0 AND {LARGEST_FLOAT}", name="flops_per_second_finite"),
)

# What the lists and the head of a page show, kept in step by the transaction that records. Counting candidates
# instead costs time in proportion to their number, on every look.
progress = Table(
    "progress",
    metadata,
    _job_id(primary_key=True),
    Column("phase", String(16), primary_key=True),
    Column("proposed", BigInteger, nullable=False),
    Column("evaluated", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("epochs", BigInteger, nullable=False),
    # A sum of 64-bit numbers does not fit into 64 bits; exact as far as a float is, up to 2**53.
    Column("flops", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("best_number", BigInteger),
    Column("best_fitness", Double),
    Column("best_parameters", BigInteger),
    # Pairs of number and fitness; some dozen among a million candidates.
    Column("improvements", PlainJson, nullable=False),
    CheckConstraint(_one_of("phase", PHASES), name="phase"),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", RowNumber, primary_key=True),
    _job_id(),
    Column("phase", String(16), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("parents", PlainJson, nullable=False),
    Column("operator", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("architecture", PlainJson, nullable=False),
    Column("training", PlainJson, nullable=False),
    Column("keep_network", Boolean, nullable=False),
    Column("predict_test", Boolean, nullable=False),
    Column("replicates", Integer, nullable=False),
    Column("stop_after", BigInteger),
    # What the search believed before the training, null where it believed nothing: see `evolution.candidate`.
    Column("prediction", PlainJson),
    # Of the architecture, so that lists can be filtered and sorted by them; layers are dense ones and convolutions.
    Column("parameters", BigInteger, nullable=False),
    Column("layers", Integer, nullable=False, server_default="0"),
    Column("status", String(16), nullable=False),
    # The evaluation's fitness once more, so that an index can lead from a job to its best candidates.
    Column("fitness", Double),
    # Its negative: an index of plain columns, all ascending, then holds the order of a ranking, best first, and a page
    # of it needs no sorting, however many candidates share a fitness.
    Column("negative_fitness", Double),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("job_id", "phase", "number"),
    CheckConstraint(_one_of("phase", PHASES), name="phase"),
    CheckConstraint(_one_of("status", CANDIDATE_STATUSES), name="status"),
    CheckConstraint("(status = 'evaluated') = (fitness IS NOT NULL)", name="fitness_when_evaluated"),
    # Without those that have no fitness, so that the planner cannot take it for a way to a candidate by its number.
    Index(
        None,
        "job_id",
        "phase",
        "negative_fitness",
        "parameters",
        "number",
        sqlite_where=text("negative_fitness IS NOT NULL"),
        postgresql_where=text("negative_fitness IS NOT NULL"),
    ),
    # The other orders and filters of a list of candidates.
    Index(None, "job_id", "phase", "parameters", "number"),
    Index(None, "job_id", "phase", "status", "number"),
    Index(None, "job_id", "phase", "layers", "number"),
    Index(None, "job_id", "phase", "operator", "number"),
)

evaluations = Table(
    "evaluations",
    metadata,
    # The primary key is what makes a second evaluation of one candidate impossible.
    Column(
        "candidate_id",
        RowNumber,
        ForeignKey("candidates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("fitness", Double),
    Column("error", Text),
    Column("curve", PlainJson, nullable=False),
    # One per replicate, null where there was one.
    Column("scores", PlainJson),
    Column("epochs", BigInteger, nullable=False),
    Column("flops", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("worker", Text, nullable=False),
    Column("test_predictions", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("(fitness IS NULL) <> (error IS NULL)", name="fitness_or_error"),
    CheckConstraint(f"fitness BETWEEN -{LARGEST_FLOAT} AND {LARGEST_FLOAT}", name="fitness_finite"),
    CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name="seconds_finite"),
)

events = Table(
    "events",
    metadata,
    _job_id(primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(40), nullable=False),
    Column("data", PlainJson, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# What runners found out about the built-in data sets, which belong to everybody; uploaded ones have their own table.
datasets = Table(
    "datasets",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("title", Text, nullable=False),
    Column("task", String(40), nullable=False),
    Column("input_shape", PlainJson, nullable=False),
    Column("classes", PlainJson, nullable=False),
    Column("train_rows", BigInteger, nullable=False),
    Column("validation_rows", BigInteger, nullable=False),
    Column("test_rows", BigInteger, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

uploaded_datasets = Table(
    "uploaded_datasets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("name", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    # Under this key lie the arrays that file and options became; two data sets may share them, as they may the file.
    Column("prepared_key", String(64), nullable=False),
    Column("options", PlainJson, nullable=False),
    Column("description", PlainJson, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("owner", "name"),
    Index(None, "file_sha256"),
    Index(None, "prepared_key"),
)

networks = Table(
    "networks",
    metadata,
    Column("id", String(40), primary_key=True),
    _job_id(),
    Column("phase", String(16), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("architecture", PlainJson, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    # What its outputs mean, and how rows of columns become its inputs, told when the job ends with it; null in what
    # earlier releases stored, and for data whose rows are the inputs.
    Column("task", String(40)),
    Column("classes", PlainJson),
    Column("encoder", PlainJson),
    # The arm of the verdict that it stands for beside the winner; null for what is, or may become, the winner's.
    Column("arm", String(40)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("job_id", "phase", "number"),
    CheckConstraint(_one_of("phase", PHASES), name="phase"),
    Index(None, "created_at", "id"),
)

# Whether a download computes what was measured; `content` holds what was proven and is kept nowhere else.
proofs = Table(
    "proofs",
    metadata,
    Column("network_id", String(40), ForeignKey("networks.id", ondelete="CASCADE"), primary_key=True),
    Column("format", String(16), primary_key=True),
    Column("sha256", String(64)),
    Column("bytes", BigInteger),
    Column("compared_rows", BigInteger),
    Column("largest_difference", Double),
    Column("versions", PlainJson, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("error", Text),
    Column("content", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(_one_of("format", DOWNLOAD_FORMATS), name="format"),
    CheckConstraint("error IS NOT NULL OR (sha256 IS NOT NULL AND compared_rows IS NOT NULL)", name="proven_or_error"),
    CheckConstraint("error IS NULL OR content IS NULL", name="no_content_with_error"),
    CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name="seconds_finite"),
    CheckConstraint(f"largest_difference BETWEEN 0 AND {LARGEST_FLOAT}", name="difference_finite"),
)

# On what a job ran: one row for each time that a runner took it.
segments = Table(
    "segments",
    metadata,
    _job_id(primary_key=True),
    Column("lease_number", BigInteger, primary_key=True, autoincrement=False),
    Column("environment", PlainJson, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)

# What a job's rows were when it ended.
records = Table(
    "records",
    metadata,
    _job_id(primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("rows_sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# What other methods than networks answered; without predictions where one could not be fitted.
rivals = Table(
    "rivals",
    metadata,
    _job_id(primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("seed_index", Integer, primary_key=True, autoincrement=False),
    Column("seconds", Double, nullable=False),
    Column("validation_score", Double),
    Column("predictions", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("(validation_score IS NULL) = (predictions IS NULL)", name="score_and_predictions"),
    CheckConstraint(f"seconds BETWEEN 0 AND {LARGEST_FLOAT}", name="seconds_finite"),
    CheckConstraint(f"validation_score BETWEEN -{LARGEST_FLOAT} AND {LARGEST_FLOAT}", name="validation_score_finite"),
)

# The processes that execute jobs, as they report themselves; those that ended without a word are removed later.
runners = Table(
    "runners",
    metadata,
    Column("id", String(300), primary_key=True),
    # By the clock of leases, which never jumps: see `service.store.lease`.
    Column("seen", Double, nullable=False),
    Column("boot", Text),
    # How many candidates its evaluator trains at once, null where it is not known.
    Column("workers", Integer),
    Column("trouble", Text),
    Column("started_at", UtcDateTime, nullable=False),
)

# What opens the service from elsewhere; of the token itself there is the digest alone.
tokens = Table(
    "tokens",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", PlainJson, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

# Without references to other tables: what is noted stays when its object goes.
audit = Table(
    "audit",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("owner", String(200)),
    Column("token_id", String(40)),
    Column("action", String(100), nullable=False),
    Column("object_kind", String(100), nullable=False),
    Column("object_id", String(200)),
    Column("status", Integer, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("client", String(100), nullable=False),
    Index(None, "created_at"),
)

# Where the owner of a job wants to be told of its changes of status, as far as they were looked at.
webhooks = Table(
    "webhooks",
    metadata,
    _job_id(primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", PlainJson, nullable=False),
    Column("secret", String(100), nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "open"),
)

# What is to be told, was told, or could not be told; `sequence` is the event's.
deliveries = Table(
    "deliveries",
    metadata,
    _job_id(primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("event", String(16), nullable=False),
    Column("data", PlainJson, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("answer", Integer),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    CheckConstraint(_one_of("status", DELIVERY_STATUSES), name="status"),
    Index(None, "status", "attempts", "next_attempt_at"),
)
