"""The plain values that leave the store: frozen, without a session, safe to keep and to send.

Rows of the database never leave `service/store/`; a row that outlives its transaction fails far from its cause.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self

from core.architecture import Architecture
from core.metrics import METRICS, MetricName

JobStatus = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
JOB_STATUSES: Final[tuple[JobStatus, ...]] = ("queued", "running", "paused", "succeeded", "failed", "cancelled")

FinalStatus = Literal["succeeded", "failed", "cancelled"]
FINAL_STATUSES: Final[tuple[FinalStatus, ...]] = ("succeeded", "failed", "cancelled")

Phase = Literal["search", "baseline", "finalists", "final"]
PHASES: Final[tuple[Phase, ...]] = ("search", "baseline", "finalists", "final")

CandidateStatus = Literal["pending", "evaluated", "failed"]
CANDIDATE_STATUSES: Final[tuple[CandidateStatus, ...]] = ("pending", "evaluated", "failed")

IdempotencyState = Literal["running", "done"]
IDEMPOTENCY_STATES: Final[tuple[IdempotencyState, ...]] = ("running", "done")

DownloadFormat = Literal["npz", "onnx", "snippet"]
DOWNLOAD_FORMATS: Final[tuple[DownloadFormat, ...]] = ("npz", "onnx", "snippet")
DeliveryStatus = Literal["pending", "delivered", "failed"]
DELIVERY_STATUSES: Final[tuple[DeliveryStatus, ...]] = ("pending", "delivered", "failed")


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """What a user submitted, its status, and which runner holds it."""

    id: str
    owner: str
    name: str
    status: JobStatus
    phase: Phase | None
    dataset: str
    dataset_id: str | None
    dataset_fingerprint: str | None
    spec: dict[str, Any]
    seed: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stop_reason: str | None
    stopped_at: int | None
    search_seconds: float
    error: str | None
    cancel_requested: bool
    pause_requested: bool
    resumed_at: datetime | None
    notes: str
    archived: bool
    cloned_from: str | None
    lease_runner: str | None
    lease_number: int
    event_count: int
    verdict: dict[str, Any] | None
    priority: int

    @property
    def finished(self) -> bool:
        """Whether the job has ended; it never changes again."""
        return self.status in FINAL_STATUSES

    @property
    def metric(self) -> MetricName:
        """What a fitness is; jobs of before there were several are about accuracy."""
        named = self.spec.get("metric")
        return named if named in METRICS else "accuracy"

    @property
    def cursor(self) -> "JobCursor":
        """The place of this job in a list, newest first."""
        return JobCursor(self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class JobCursor:
    """A place in the list of jobs; the page after it begins with the next older job."""

    created_at: datetime
    id: str

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gave. Raises ValueError when the text is something else."""
        match = _JOB_CURSOR.fullmatch(text)
        if match is None:
            raise ValueError("a cursor is what an earlier page gave as the place to go on from")
        return cls(_EPOCH + timedelta(microseconds=int(match[1])), match[2])


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Sixteen digits reach the year 2286; more would overflow datetime.
_JOB_CURSOR: Final = re.compile(r"([0-9]{1,16})-([0-9a-zA-Z]{1,40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lease:
    """A runner's right to write to a job; it is over as soon as the job's lease bears another number."""

    job_id: str
    runner: str
    number: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a runner hears when it renews its lease."""

    cancel_requested: bool
    pause_requested: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a job; `sequence` counts 1, 2, 3 ... without gaps within the job."""

    job_id: str
    sequence: int
    type: str
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a webhook is told of one event of its job, and how far that has come.

    `answer` is the status of the last answer, `error` why the last attempt was none that counts.
    """

    job_id: str
    sequence: int
    event: JobStatus
    data: dict[str, Any]
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    answer: int | None
    error: str | None
    created_at: datetime
    delivered_at: datetime | None

    @property
    def id(self) -> str:
        """The same for every attempt, so that a receiver knows what it has taken already."""
        return f"{self.job_id}-{self.sequence}"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A delivery that is to be attempted now: where, and under which secret it is signed."""

    delivery: Delivery
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """What the service tells about a data set without reading its arrays."""

    name: str
    title: str
    task: str
    input_shape: tuple[int, ...]
    classes: tuple[str, ...]
    train_rows: int
    validation_rows: int
    test_rows: int
    fingerprint: str
    source: str
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class UploadedDataset:
    """A data set that its owner uploaded. `title` is only a label, the name that the file had.

    `file_sha256` is the digest of the file in hex, `options` say how it is read, `description` what was found in it.
    `prepared_key` is the place of the arrays that it became, `fingerprint` the digest of their content.
    """

    id: str
    owner: str
    name: str
    title: str
    file_sha256: str
    file_bytes: int
    prepared_key: str
    options: dict[str, Any]
    description: dict[str, Any]
    fingerprint: str
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """A trained network as an .npz file; `sha256` is the digest of `content` in hex."""

    id: str
    job_id: str
    phase: Phase
    number: int
    architecture: Architecture
    content: bytes
    sha256: str
    created_at: datetime
