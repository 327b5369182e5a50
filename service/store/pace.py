"""How fast trainings go here, measured from rows: FLOPs per second of the clock on the wall, all workers together."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.entities import Job, Phase, now
from service.store.lease import RunnerIdentity
from service.store.models import calibrations, candidates, evaluations, jobs, progress
from service.store.upsert import insert

RECENT: Final = 50
FEWEST: Final = 5
FINISHED_JOBS: Final = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """FLOPs per second, and what it was measured from: so many evaluations or jobs."""

    flops_per_second: float
    measured: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How fast one worker of a runner's machine trained a small network when the runner started, and its workers."""

    host: str
    flops_per_second: float
    workers: int


def recent_pace(session: Session, job: Job, phase: Phase) -> Pace | None:
    """Return the pace of the last evaluations of a phase; None where there are too few since it was last resumed."""
    rows = session.execute(
        select(evaluations.c.flops, evaluations.c.created_at)
        .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
        .where(candidates.c.job_id == job.id, candidates.c.phase == phase)
        .order_by(candidates.c.number.desc())
        .limit(RECENT)
    ).all()
    found = [row for row in rows if job.resumed_at is None or row.created_at > job.resumed_at]
    if len(found) < FEWEST:
        return None
    first = min(row.created_at for row in found)
    seconds = (max(row.created_at for row in found) - first).total_seconds()
    # What the first ones cost was spent before they were there.
    flops = sum(row.flops for row in found if row.created_at > first)
    return Pace(flops / seconds, len(found)) if seconds > 0 and flops > 0 else None


def pace_of_finished_jobs(session: Session, owner: str, dataset: str | None) -> Pace | None:
    """Return the pace of the searches of the owner's last jobs that succeeded, on one data set or on any."""
    query = (
        select(progress.c.flops, jobs.c.search_seconds)
        .join_from(jobs, progress, progress.c.job_id == jobs.c.id)
        .where(jobs.c.owner == owner, jobs.c.status == "succeeded", progress.c.phase == "search")
        .where(jobs.c.search_seconds > 0, progress.c.flops > 0)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(FINISHED_JOBS)
    )
    rows = session.execute(query if dataset is None else query.where(jobs.c.dataset == dataset)).all()
    if not rows:
        return None
    return Pace(sum(row.flops for row in rows) / sum(row.search_seconds for row in rows), len(rows))


def save_calibration(session: Session, runner: RunnerIdentity, flops_per_second: float, workers: int) -> None:
    """Keep what a runner measured in the place of what was measured on its machine before."""
    values = {"flops_per_second": flops_per_second, "workers": workers, "created_at": now()}
    session.execute(
        insert(session.get_bind().dialect.name, calibrations)
        .values(host=runner.host[:200], **values)
        .on_conflict_do_update(index_elements=["host"], set_=values)
    )


def latest_calibration(session: Session) -> Calibration | None:
    """Return what was measured last; None before any runner has started."""
    row = session.execute(select(calibrations).order_by(calibrations.c.created_at.desc()).limit(1)).first()
    return None if row is None else Calibration(row.host, row.flops_per_second, row.workers)
