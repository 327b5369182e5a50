"""Old jobs are removed with all that belongs to them, in transactions so small that nobody waits for them.

Only a job that has ended is ever removed. One that is half removed when the process dies is removed further the next
time: its own row goes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.database import Database
from service.store.entities import FINAL_STATUSES, JobStatus, now
from service.store.models import candidates, evaluations, events, jobs

CHUNK: Final = 1_000
"""Rows of one kind that are removed in one transaction."""

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class OldJob:
    """A job that has ended long ago."""

    id: str
    owner: str
    name: str
    status: JobStatus
    finished_at: datetime


def old_jobs(session: Session, days: float, limit: int | None = None, *, archived: bool | None = None) -> list[OldJob]:
    """Return jobs that ended more than `days` ago, the oldest first: archived ones, others, or (None) both."""
    query = (
        select(jobs.c.id, jobs.c.owner, jobs.c.name, jobs.c.status, jobs.c.finished_at)
        # Only a job that has ended has such a moment.
        .where(jobs.c.finished_at < now() - timedelta(days=days))
        .order_by(jobs.c.finished_at, jobs.c.id)
        .limit(limit)
    )
    if archived is not None:
        query = query.where(jobs.c.archived.is_(archived))
    return [OldJob(*row) for row in session.execute(query)]


def still_there(session: Session, job_ids: Sequence[str]) -> set[str]:
    """Return those of the ids that are jobs."""
    found: set[str] = set()
    for start in range(0, len(job_ids), CHUNK):
        found |= set(session.execute(select(jobs.c.id).where(jobs.c.id.in_(job_ids[start : start + CHUNK]))).scalars())
    return found


def remove(database: Database, job: OldJob) -> None:
    """Remove a job, with everything that belongs to it, if it has ended. Raises DatabaseUnavailable."""
    with database.read() as session:
        # What has ended never changes again.
        if session.execute(select(jobs.c.status).where(jobs.c.id == job.id)).scalar_one_or_none() not in FINAL_STATUSES:
            return
    while _remove_candidates(database, job.id) or _remove_events(database, job.id):
        pass
    with database.write() as session:
        session.execute(delete(jobs).where(jobs.c.id == job.id))


def _remove_candidates(database: Database, job_id: str) -> bool:
    with database.write() as session:
        chunk = list(
            session.execute(select(candidates.c.id).where(candidates.c.job_id == job_id).limit(CHUNK)).scalars()
        )
        session.execute(delete(evaluations).where(evaluations.c.candidate_id.in_(chunk)))
        session.execute(delete(candidates).where(candidates.c.id.in_(chunk)))
    return bool(chunk)


def _remove_events(database: Database, job_id: str) -> bool:
    with database.write() as session:
        # The events of a job are numbered without gaps.
        first = session.execute(
            select(events.c.sequence).where(events.c.job_id == job_id).order_by(events.c.sequence).limit(1)
        ).scalar_one_or_none()
        if first is not None:
            session.execute(delete(events).where(events.c.job_id == job_id, events.c.sequence < first + CHUNK))
    return first is not None
