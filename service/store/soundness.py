"""Whether the rows agree with each other, beyond what the tables' own constraints hold: the invariants of the store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Case, Select, Subquery, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from service.store.entities import CANDIDATE_STATUSES, FINAL_STATUSES, JOB_STATUSES, PHASES
from service.store.models import candidates, evaluations, events, jobs, metadata, progress

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how many rows break it, and the first of them by name."""

    check: str
    broken: int
    examples: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether no row breaks it."""
        return self.broken == 0


def findings(session: Session) -> list[Finding]:
    """Check every invariant. Reads the whole database, so it takes time in proportion to its size."""
    checks: list[tuple[str, Callable[[], Select[str]]]] = [
        ("every row belongs to a row that exists", _orphans),
        ("no candidate is there twice", _twice),
        ("every status and phase is a known one", _unknown_states),
        ("a candidate's status and fitness are those of its evaluation", _disagreeing_candidates),
        ("a job's events count 1, 2, 3 ... without gaps", _gaps),
        ("the progress of a phase is what its candidates say", _wrong_progress),
        ("a job that ended has no runner and one that runs has begun", _half_ended),
    ]
    return [_finding(session, name, query()) for name, query in checks]


def _finding(session: Session, name: str, query: Select[str]) -> Finding:
    rows = query.subquery()
    broken = session.execute(select(func.count()).select_from(rows)).scalar_one()
    examples = tuple(str(row[0]) for row in session.execute(select(rows).limit(_SHOWN))) if broken else ()
    return Finding(name, broken, examples)


def _orphans() -> Select[str]:
    broken = []
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            parent = key.column.table
            broken.append(
                select((literal(f"{table.name} without ") + parent.name).label("what"))
                .select_from(table.outerjoin(parent, key.parent == key.column))
                .where(key.column.is_(None), key.parent.is_not(None))
            )
    return _all(broken)


def _twice() -> Select[str]:
    key = (candidates.c.job_id, candidates.c.phase, candidates.c.number)
    return select(candidates.c.job_id).group_by(*key).having(func.count() > 1)


def _unknown_states() -> Select[str]:
    return _all(
        [
            select(jobs.c.id).where(jobs.c.status.not_in(JOB_STATUSES)),
            select(jobs.c.id).where(jobs.c.phase.not_in(PHASES)),
            select(candidates.c.job_id).where(candidates.c.status.not_in(CANDIDATE_STATUSES)),
            select(candidates.c.job_id).where(candidates.c.phase.not_in(PHASES)),
        ]
    )


def _disagreeing_candidates() -> Select[str]:
    said = case(
        (evaluations.c.candidate_id.is_(None), "pending"),
        (evaluations.c.fitness.is_(None), "failed"),
        else_="evaluated",
    )
    return (
        select(candidates.c.job_id)
        .select_from(candidates.outerjoin(evaluations, evaluations.c.candidate_id == candidates.c.id))
        .where(or_(candidates.c.fitness.is_distinct_from(evaluations.c.fitness), candidates.c.status != said))
    )


def _gaps() -> Select[str]:
    told = (
        select(events.c.job_id, func.count().label("count"), func.max(events.c.sequence).label("last"))
        .group_by(events.c.job_id)
        .subquery()
    )
    return (
        select(jobs.c.id)
        .select_from(jobs.outerjoin(told, told.c.job_id == jobs.c.id))
        .where(
            or_(
                func.coalesce(told.c.count, 0) != jobs.c.event_count,
                func.coalesce(told.c.last, 0) != jobs.c.event_count,
            )
        )
    )


def _wrong_progress() -> Select[str]:
    counted = _counted()
    return (
        select(progress.c.job_id)
        .select_from(
            progress.outerjoin(
                counted, and_(counted.c.job_id == progress.c.job_id, counted.c.phase == progress.c.phase)
            )
        )
        .where(
            or_(
                *(
                    progress.c[name] != func.coalesce(counted.c[name], 0)
                    for name in ("proposed", "evaluated", "failed", "epochs")
                ),
                progress.c.best_fitness.is_distinct_from(counted.c.best_fitness),
            )
        )
    )


def _counted() -> Subquery:
    def having(status: str) -> Case[int]:
        return case((candidates.c.status == status, 1), else_=0)

    return (
        select(
            candidates.c.job_id,
            candidates.c.phase,
            func.count().label("proposed"),
            func.sum(having("evaluated")).label("evaluated"),
            func.sum(having("failed")).label("failed"),
            func.coalesce(func.sum(evaluations.c.epochs), 0).label("epochs"),
            func.max(candidates.c.fitness).label("best_fitness"),
        )
        .select_from(candidates.outerjoin(evaluations, evaluations.c.candidate_id == candidates.c.id))
        .group_by(candidates.c.job_id, candidates.c.phase)
        .subquery()
    )


def _half_ended() -> Select[str]:
    return select(jobs.c.id).where(
        or_(
            and_(
                jobs.c.status.in_(FINAL_STATUSES), or_(jobs.c.lease_runner.is_not(None), jobs.c.finished_at.is_(None))
            ),
            and_(jobs.c.status == "running", jobs.c.started_at.is_(None)),
        )
    )


def _all(queries: list[Select[str]]) -> Select[str]:
    together = union_all(*queries).subquery()
    return select(together.c[0])
