"""What all jobs of all owners come to: for the metrics, and for whoever watches over the service.

Counts come from `jobs` and `progress`, whose rows are few; no question here counts candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.entities import JOB_STATUSES, PHASES, JobStatus, Phase, now
from service.store.models import jobs, progress
from service.store.runner_repository import RunnerRepository, RunnerRow

_MOST_STARTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """What the candidates of one phase of all jobs came to; `seconds` are the CPU seconds of their trainings."""

    proposed: int = 0
    evaluated: int = 0
    failed: int = 0
    epochs: int = 0
    flops: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """The state of the whole service; `oldest_wait_seconds` is 0 where no job waits."""

    jobs: Mapping[JobStatus, int]
    oldest_wait_seconds: float
    work: Mapping[Phase, Work]
    runners: tuple[RunnerRow, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """A job's first claim, and how long it had waited for it."""

    job_id: str
    started_at: datetime
    waited_seconds: float


def read_totals(session: Session) -> Totals:
    """Return the totals as they are now."""
    counts = dict.fromkeys(JOB_STATUSES, 0)
    for status, count in session.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status)):
        counts[status] = count
    oldest = session.execute(select(func.min(jobs.c.created_at)).where(jobs.c.status == "queued")).scalar_one()
    work = dict.fromkeys(PHASES, Work())
    names = ("proposed", "evaluated", "failed", "epochs", "flops", "seconds")
    sums = select(progress.c.phase, *(func.sum(progress.c[name]).label(name) for name in names))
    for row in session.execute(sums.group_by(progress.c.phase)):
        work[row.phase] = Work(
            int(row.proposed),
            int(row.evaluated),
            int(row.failed),
            int(row.epochs),
            float(row.flops),
            float(row.seconds),
        )
    return Totals(
        jobs=counts,
        oldest_wait_seconds=max((now() - oldest).total_seconds(), 0.0) if oldest is not None else 0.0,
        work=work,
        runners=tuple(RunnerRepository(session).alive()),
    )


def starts_since(session: Session, moment: datetime) -> list[Start]:
    """Return the jobs that were claimed for the first time since `moment`, the earliest first."""
    rows = session.execute(
        select(jobs.c.id, jobs.c.created_at, jobs.c.started_at)
        .where(jobs.c.started_at >= moment)
        .order_by(jobs.c.started_at)
        .limit(_MOST_STARTS)
    )
    return [Start(row.id, row.started_at, max((row.started_at - row.created_at).total_seconds(), 0.0)) for row in rows]
