"""On what a job ran, and what its rows were when it ended: what somebody needs who wants to repeat it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.entities import Lease, now
from service.store.guard import lock
from service.store.mapping import plain_text
from service.store.models import candidates, evaluations, records, segments
from service.store.row_digest import RowDigest
from service.store.upsert import insert


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a job, from a runner's claim on; `environment` is what `service.runner.environment` describes."""

    lease_number: int
    environment: dict[str, Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """The stretches of a job in their order, and its rows at the end: None while it runs and for earlier releases."""

    segments: tuple[Segment, ...]
    rows: RowDigest | None


class RecordRepository:
    """The records, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, lease: Lease, environment: dict[str, Any]) -> None:
        """Note on what the job runs from now on. Raises LeaseLost."""
        lock(self._session, lease)
        self._session.execute(
            insert(self._session.get_bind().dialect.name, segments)
            .values(job_id=lease.job_id, lease_number=lease.number, environment=environment, started_at=now())
            .on_conflict_do_nothing(index_elements=["job_id", "lease_number"])
        )

    def end(self, lease: Lease, rows: RowDigest) -> None:
        """Note what the job's rows are at its end. Raises LeaseLost."""
        lock(self._session, lease)
        values = {"row_count": rows.count, "rows_sha256": rows.sha256, "created_at": now()}
        self._session.execute(
            insert(self._session.get_bind().dialect.name, records)
            .values(job_id=lease.job_id, **values)
            .on_conflict_do_update(index_elements=["job_id"], set_=values)
        )

    def get(self, job_id: str) -> Record:
        """Return what is known of a job; nothing of one that no runner has begun."""
        stretches = self._session.execute(
            select(segments).where(segments.c.job_id == plain_text(job_id)).order_by(segments.c.lease_number)
        )
        row = self._session.execute(select(records).where(records.c.job_id == plain_text(job_id))).first()
        return Record(
            tuple(Segment(one.lease_number, one.environment, one.started_at) for one in stretches),
            None if row is None else RowDigest(row.row_count, row.rows_sha256),
        )

    def machines(self, job_id: str) -> list[str]:
        """Return the names of the machines that trained the job's candidates, in alphabetical order."""
        workers = self._session.execute(
            select(evaluations.c.worker)
            .join(candidates, candidates.c.id == evaluations.c.candidate_id)
            .where(candidates.c.job_id == plain_text(job_id))
            .distinct()
        ).scalars()
        return sorted({worker.partition("/")[0] for worker in workers} - {""})
