"""Whose turn it is: which job a runner that is free takes next."""

from sqlalchemy import ColumnElement, Double, Text, cast, extract, func, literal, null, or_, select, update
from sqlalchemy.orm import Session

from service.store.entities import Lease, now
from service.store.event_repository import EventRepository
from service.store.lease import RunnerIdentity, boot_id, known_dead, seconds_since_boot
from service.store.models import UtcDateTime, jobs


class Queue:
    """The jobs of all owners that wait for a runner, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._events = EventRepository(session)

    def claim(self, runner: RunnerIdentity, seconds: float) -> Lease | None:
        """Take the oldest job that is queued or whose runner is gone, for `seconds`; None when there is none."""
        time, boot = lease_clock(self._session)
        free = or_(
            jobs.c.lease_runner.is_(None),
            jobs.c.lease_expires <= time,
            jobs.c.lease_boot.is_distinct_from(boot),
            jobs.c.lease_runner.in_(self._dead_runners()),
        )
        # One statement finds the job and takes it. Runners that come at the same moment skip a row that is locked;
        # SQLite lets one writer in at a time.
        oldest = (
            select(jobs.c.id)
            .where(jobs.c.status.in_(("queued", "running")), or_(jobs.c.status == "queued", free))
            .order_by(jobs.c.created_at, jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._session.execute(
            update(jobs)
            .where(jobs.c.id == oldest.scalar_subquery())
            .values(
                status="running",
                started_at=func.coalesce(jobs.c.started_at, literal(now(), UtcDateTime())),
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
