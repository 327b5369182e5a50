"""The check that stands before every write of a runner: the lease must still be its own."""

from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from service.errors import LeaseLost
from service.store.entities import Lease
from service.store.models import jobs


def held(lease: Lease) -> ColumnElement[bool]:
    """Return the condition under which a row of `jobs` is held by `lease`."""
    return and_(
        jobs.c.id == lease.job_id,
        jobs.c.status == "running",
        jobs.c.lease_runner == lease.runner,
        jobs.c.lease_number == lease.number,
    )


# Built once: it runs with every batch that is recorded.
_LOCK: Final = (
    select(jobs.c.id)
    .where(
        jobs.c.id == bindparam("job_id"),
        jobs.c.status == "running",
        jobs.c.lease_runner == bindparam("runner"),
        jobs.c.lease_number == bindparam("number"),
    )
    .with_for_update()
)


def lock(session: Session, lease: Lease) -> None:
    """Lock the job for this transaction. Raises LeaseLost unless `lease` holds it.

    With the row locked no other runner can take the job over before the transaction has ended, so that everything it
    writes is written by the holder.
    """
    values = {"job_id": lease.job_id, "runner": lease.runner, "number": lease.number}
    if session.execute(_LOCK, values).first() is None:
        raise lost(session, lease)


def lost(session: Session, lease: Lease) -> LeaseLost:
    """Return the error that says why `lease` does not hold its job."""
    row = session.execute(
        select(jobs.c.status, jobs.c.lease_runner, jobs.c.lease_number).where(jobs.c.id == lease.job_id)
    ).first()
    if row is None:
        return LeaseLost(f"job {lease.job_id} was deleted")
    mine = f"lease {lease.number} of runner {lease.runner} no longer holds job {lease.job_id}"
    if row.status != "running":
        return LeaseLost(f"{mine}: the job is {row.status}")
    if row.lease_runner is None:
        return LeaseLost(f"{mine}: it was given back")
    return LeaseLost(f"{mine}: runner {row.lease_runner} holds it with lease {row.lease_number}")
