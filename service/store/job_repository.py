"""Jobs: created by users, held and finished by runners (`service.store.queue` says which one a runner gets).

Every change of status names the states that it may come from. A finished job is final.
"""

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from service.access.caller import LOCAL_OWNER
from service.errors import JobFinished, JobNotFound
from service.store.entities import (
    FINAL_STATUSES,
    FinalStatus,
    Held,
    Job,
    JobCursor,
    JobStatus,
    Lease,
    Phase,
    UploadedDataset,
    now,
)
from service.store.event_repository import EventRepository
from service.store.guard import held, lock, lost
from service.store.mapping import job_from_row, plain_text
from service.store.models import UtcDateTime, events, jobs, networks
from service.store.queue import lease_clock


class JobRepository:
    """The jobs, within the transaction of `session`: those of `owner`, or everybody's for None, as runners need."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._owner = owner
        self._events = EventRepository(session)

    def create(
        self,
        name: str,
        dataset: str,
        spec: dict[str, Any],
        seed: int,
        *,
        uploaded: UploadedDataset | None = None,
        cloned_from: str | None = None,
        priority: int = 0,
    ) -> Job:
        """Add a queued job of the owner's (of whoever sits at the machine where none is named); its id is opaque.

        `uploaded` is the data set where it is not a built-in one.
        """
        job_id = secrets.token_hex(8)
        self._session.execute(
            insert(jobs).values(
                id=job_id,
                owner=self._owner if self._owner is not None else LOCAL_OWNER,
                name=name,
                status="queued",
                dataset=dataset,
                dataset_id=None if uploaded is None else uploaded.id,
                dataset_fingerprint=None if uploaded is None else uploaded.fingerprint,
                spec=spec,
                seed=seed,
                created_at=now(),
                cancel_requested=False,
                cloned_from=cloned_from,
                lease_number=0,
                event_count=0,
                priority=priority,
            )
        )
        self._events.append(job_id, "status", {"status": "queued"})
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return a job. Raises JobNotFound."""
        return self._found(job_id, self._session.execute(self._one(job_id)).first())

    def locked(self, job_id: str) -> Job:
        """Return a job, and keep its row from being changed before this transaction ends. Raises JobNotFound."""
        return self._found(job_id, self._session.execute(self._one(job_id).with_for_update()).first())

    def page(self, page_size: int, before: JobCursor | None = None, status: JobStatus | None = None) -> list[Job]:
        """Return up to `page_size` jobs, newest first; those after the job whose cursor is `before`."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(page_size)
        if self._owner is not None:
            query = query.where(jobs.c.owner == self._owner)
        if before is not None:
            query = query.where(older_than(before))
        if status is not None:
            query = query.where(jobs.c.status == status)
        return [job_from_row(row) for row in self._session.execute(query)]

    def fruitless_claims(self, job_id: str) -> int:
        """Return how often runners claimed the job since it last came forward: a candidate, a rival's fit, a proof.

        Whoever pauses a job takes it from its runner without any fault of the job's: what came before does not count.
        """
        last = select(func.coalesce(func.max(events.c.sequence), 0)).where(
            events.c.job_id == job_id, events.c.type.in_(("proposed", "evaluated", "failed", "rival", "proof"))
        )
        later = (
            select(events.c.data)
            .where(events.c.job_id == job_id, events.c.type == "status", events.c.sequence > last.scalar_subquery())
            .order_by(events.c.sequence)
        )
        claims = 0
        for data in self._session.execute(later).scalars():
            claims = 0 if data["status"] == "paused" else claims + (data["status"] == "running")
        return claims

    def renew(self, lease: Lease, seconds: float) -> Held:
        """Hold the job for `seconds` from now, and hear whether it is to be cancelled or paused. Raises LeaseLost."""
        time, boot = lease_clock(self._session)
        row = self._session.execute(
            update(jobs)
            .where(held(lease))
            .values(lease_expires=time + seconds, lease_boot=boot)
            .returning(jobs.c.cancel_requested, jobs.c.pause_requested)
        ).first()
        if row is None:
            raise lost(self._session, lease)
        return Held(row.cancel_requested, row.pause_requested)

    def release(self, lease: Lease) -> None:
        """Give the job back unfinished; any runner may claim it at once. Raises LeaseLost."""
        self._change(lease, lease_runner=None, lease_expires=None, lease_boot=None)

    def pause(self, lease: Lease) -> None:
        """Give the job back: paused, or where nobody wants that any more, to any runner. Raises LeaseLost."""
        lock(self._session, lease)
        job = self.get(lease.job_id)
        if job.cancel_requested or not job.pause_requested:
            self.release(lease)
            return
        self._change(
            lease, status="paused", pause_requested=False, lease_runner=None, lease_expires=None, lease_boot=None
        )
        self._events.append(lease.job_id, "status", {"status": "paused"})

    def set_phase(self, lease: Lease, phase: Phase) -> None:
        """Note which part of its work the job has come to. Raises LeaseLost."""
        self._change(lease, phase=phase)
        self._events.append(lease.job_id, "phase", {"phase": phase})

    def set_fingerprint(self, lease: Lease, fingerprint: str) -> None:
        """Note the content of the data that the job runs on. Raises LeaseLost."""
        self._change(lease, dataset_fingerprint=fingerprint)

    def finish(
        self,
        lease: Lease,
        status: FinalStatus,
        *,
        stop_reason: str | None = None,
        error: str | None = None,
        verdict: dict[str, Any] | None = None,
    ) -> Job:
        """End the job, for good.

        Raises LeaseLost, also when the job has ended already, and ValueError for a status that is no end.
        """
        if status not in FINAL_STATUSES:
            raise ValueError(f"a job ends as {', '.join(FINAL_STATUSES)}, not as {status}")
        ending = {
            "stop_reason": None if stop_reason is None else plain_text(stop_reason),
            "error": None if error is None else plain_text(error),
        }
        self._change(
            lease,
            status=status,
            verdict=verdict,
            finished_at=now(),
            pause_requested=False,
            lease_runner=None,
            lease_expires=None,
            lease_boot=None,
            **ending,
        )
        self._events.append(lease.job_id, "status", {"status": status, **ending})
        return self.get(lease.job_id)

    def request_cancel(self, job_id: str) -> Job:
        """Cancel a job that waits at once, and ask the runner of one that runs to cancel it.

        A job that is cancelled, or asked to be, stays as it is. Raises JobNotFound, and JobFinished for a job that
        has ended otherwise.
        """
        job = self.locked(job_id)
        match job.status:
            case "queued" | "paused":
                self._session.execute(
                    update(jobs)
                    .where(jobs.c.id == job_id)
                    .values(status="cancelled", cancel_requested=True, finished_at=now())
                )
                # A job that was paused on its way may have kept some; a cancelled one has none.
                self._session.execute(delete(networks).where(networks.c.job_id == job_id))
                self._events.append(job_id, "status", {"status": "cancelled", "stop_reason": None, "error": None})
            case "running":
                if not job.cancel_requested:
                    self._session.execute(update(jobs).where(jobs.c.id == job_id).values(cancel_requested=True))
                    self._events.append(job_id, "cancel_requested", {})
            case "cancelled":
                pass
            case "succeeded" | "failed":
                raise JobFinished(f"Job {job_id} cannot be cancelled: it has {job.status}.")
        return self.get(job_id)

    def _one(self, job_id: str) -> Select[Any]:
        query = select(jobs).where(jobs.c.id == plain_text(job_id))
        return query if self._owner is None else query.where(jobs.c.owner == self._owner)

    @staticmethod
    def _found(job_id: str, row: Row[Any] | None) -> Job:
        if row is None:
            raise JobNotFound(f"There is no job {job_id[:40]!r}.")
        return job_from_row(row)

    def _change(self, lease: Lease, **values: Any) -> None:
        changed = self._session.execute(update(jobs).where(held(lease)).values(**values).returning(jobs.c.id)).first()
        if changed is None:
            raise lost(self._session, lease)


def older_than(cursor: JobCursor) -> ColumnElement[bool]:
    """Return the condition under which a row of `jobs` comes after `cursor` in a list, newest first."""
    place = tuple_(literal(cursor.created_at, UtcDateTime()), literal(cursor.id))
    return and_(tuple_(jobs.c.created_at, jobs.c.id) < place)
