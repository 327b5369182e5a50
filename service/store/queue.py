"""Whose turn it is: which job a runner that is free takes next, and how much one owner may have waiting.

1. A job whose runner is gone comes first: it has had its turn.
2. Then the owner who holds the fewest running jobs is served; of several, the one whose last turn is the longest ago.
   So slots are shared evenly between the owners who want them, with one runner as with many, and whoever comes to a
   queue that somebody else has filled gets the next slot that is free.
3. Of that owner's jobs the one with the highest priority is taken; of several the oldest. A priority orders the jobs of
   one owner and says nothing to those of others.

Turns are counted, not timed, so that no clock decides.
"""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    ScalarSelect,
    Text,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from service.errors import JobNotQueued, QuotaExceeded
from service.store.entities import Job, Lease, now
from service.store.event_repository import EventRepository
from service.store.lease import RunnerIdentity, boot_id, known_dead, seconds_since_boot
from service.store.models import UtcDateTime, jobs

_CLAIMS: Final = 0x43414D42
"""The advisory lock of claims on PostgreSQL; those of owners' queues have it as their first half."""


class Queue:
    """The jobs of all owners that wait for a runner, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._events = EventRepository(session)
        self._on_postgresql = session.get_bind().dialect.name == "postgresql"

    def claim(self, runner: RunnerIdentity, seconds: float, most_running: int | None = None) -> Lease | None:
        """Take the job whose turn it is, for `seconds`; None when there is none.

        No owner comes to more than `most_running` running jobs by it, where that is given.
        """
        time, boot = lease_clock(self._session)
        dead = self._dead_runners()
        self._one_at_a_time()
        # One statement finds the job and takes it. A row that somebody has locked is skipped, and waits for the next
        # claim; SQLite lets one writer in at a time.
        row = self._session.execute(
            update(jobs)
            .where(jobs.c.id == func.coalesce(_orphan(time, boot, dead), _next_of(_next_owner(most_running))))
            .values(
                status="running",
                started_at=func.coalesce(jobs.c.started_at, literal(now(), UtcDateTime())),
                turn=_next_turn(),
                lease_runner=str(runner),
                lease_number=jobs.c.lease_number + 1,
                lease_expires=time + seconds,
                lease_boot=boot,
            )
            .returning(jobs.c.id, jobs.c.lease_number)
        ).first()
        if row is None:
            return None
        lease = Lease(row.id, str(runner), row.lease_number)
        self._events.append(
            lease.job_id, "status", {"status": "running", "runner": lease.runner, "lease": lease.number}
        )
        return lease

    def require_room(self, owner: str, most_queued: int) -> None:
        """Raise QuotaExceeded when the owner has `most_queued` jobs waiting; two that ask at once are heard in turn."""
        if self._on_postgresql:
            self._session.execute(
                text("SELECT pg_advisory_xact_lock(:kind, hashtext(:owner))"), {"kind": _CLAIMS, "owner": owner}
            )
        queued = self._session.execute(
            select(func.count()).select_from(
                select(jobs.c.id).where(jobs.c.status == "queued", jobs.c.owner == owner).limit(most_queued).subquery()
            )
        ).scalar_one()
        if queued >= most_queued:
            raise QuotaExceeded(
                f"{most_queued:,} jobs of yours are queued, and no more may be at once; wait until one has begun, or "
                "cancel one"
            )

    def set_priority(self, job: Job, priority: int) -> None:
        """Change the place of a locked job among those of its owner. Raises JobNotQueued once it has begun."""
        if job.status != "queued":
            raise JobNotQueued(f"The priority of job {job.id} cannot be changed: it is {job.status}, not queued.")
        self._session.execute(update(jobs).where(jobs.c.id == job.id).values(priority=priority))

    def _one_at_a_time(self) -> None:
        """Let claims follow each other, so that each sees what the one before it took.

        Two claims at once would both find the same owner to hold the fewest jobs. A runner that is stopped within its
        claim does not stop the queue: the server ends its transaction (`database.IDLE_SECONDS`).
        """
        if self._on_postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock(:kind)"), {"kind": _CLAIMS})

    def _dead_runners(self) -> list[str]:
        """Return those holders of leases that ran on this machine and are known to be gone."""
        holders = self._session.execute(
            select(jobs.c.lease_runner).where(jobs.c.status == "running", jobs.c.lease_runner.is_not(None)).distinct()
        ).scalars()
        return [holder for holder in holders if holder is not None and known_dead(holder)]


def lease_clock(session: Session) -> tuple[ColumnElement[float], ColumnElement[str | None]]:
    """Return the time of the lease clock in seconds, and the boot that it counts from (none on PostgreSQL)."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Double), cast(null(), Text)
    return literal(seconds_since_boot(), Double), literal(boot_id(), Text)


def _orphan(time: ColumnElement[float], boot: ColumnElement[str | None], dead: list[str]) -> ScalarSelect[str]:
    """The oldest running job that no runner holds."""
    free = or_(
        jobs.c.lease_runner.is_(None),
        jobs.c.lease_expires <= time,
        jobs.c.lease_boot.is_distinct_from(boot),
        jobs.c.lease_runner.in_(dead),
    )
    return (
        select(jobs.c.id)
        .where(jobs.c.status == "running", free)
        .order_by(jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )


def _next_owner(most_running: int | None) -> ScalarSelect[str]:
    """The owner to be served."""
    waiting, others = _waiting_owners(), jobs.alias("others")
    theirs = others.c.owner == waiting.c.owner

    def of_theirs(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
        return select(value).where(theirs, *conditions).correlate(waiting).scalar_subquery()

    running = of_theirs(func.count(others.c.id), others.c.status == "running")
    last_turn = of_theirs(func.coalesce(func.max(others.c.turn), 0))
    since = of_theirs(func.min(others.c.created_at), others.c.status == "queued")
    query = (
        select(waiting.c.owner)
        .where(waiting.c.owner.is_not(None))
        .order_by(running, last_turn, since, waiting.c.owner)
        .limit(1)
    )
    return (query if most_running is None else query.where(running < most_running)).scalar_subquery()


def _waiting_owners() -> CTE:
    """The owners of queued jobs, and None at the end: one step along the index for each, however many jobs they have.

    Neither database does that for a DISTINCT by itself.
    """
    waiting = (
        select(func.min(jobs.c.owner).label("owner")).where(jobs.c.status == "queued").cte("waiting", recursive=True)
    )
    later = jobs.alias("later")
    following = (
        select(func.min(later.c.owner))
        .where(later.c.status == "queued", later.c.owner > waiting.c.owner)
        .correlate(waiting)
        .scalar_subquery()
    )
    return waiting.union_all(select(following).where(waiting.c.owner.is_not(None)))


def _next_of(owner: ScalarSelect[str]) -> ScalarSelect[str]:
    """The job of the owner that is to be begun."""
    return (
        select(jobs.c.id)
        .where(jobs.c.status == "queued", jobs.c.owner == owner)
        .order_by(jobs.c.priority.desc(), jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )


def _next_turn() -> ColumnElement[int]:
    """The number of a job's turn; one whose runner is gone keeps the turn that it had."""
    others = jobs.alias("others")
    latest = select(func.coalesce(func.max(others.c.turn), 0) + 1).scalar_subquery()
    return case((jobs.c.status == "queued", latest), else_=jobs.c.turn)
