"""The budget of a job's search: raised by users while it runs, watched and ended by the runner.

User and runner both lock the job's row, so a budget is either raised before the search ends, and the search goes on, or
the search has ended, and whoever asks hears so.
"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.errors import JobFinished, SearchEnded
from service.store.entities import Job, Lease
from service.store.event_repository import EventRepository
from service.store.guard import held, lock, lost
from service.store.job_repository import JobRepository
from service.store.models import jobs


class BudgetRepository:
    """The budgets of jobs, within the transaction of `session`: those of `owner`, or everybody's for None."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._jobs = JobRepository(session, owner)

    def locked(self, job_id: str) -> Job:
        """Return a job whose search has not ended, and keep it from ending before this transaction does.

        Raises JobNotFound, JobFinished, and SearchEnded where the job has come to what follows its search.
        """
        job = self._jobs.locked(job_id)
        if job.finished:
            raise JobFinished(f"The budget of job {job_id} cannot be changed: the job has {_ended(job)}.")
        if job.stopped_at is not None or job.phase not in {None, "search"}:
            raise SearchEnded(f"The budget of job {job_id} cannot be changed: its search has ended, {_where(job)}.")
        return job

    def change(self, job: Job, budget: dict[str, Any]) -> None:
        """Give a locked job another budget."""
        self._session.execute(update(jobs).where(jobs.c.id == job.id).values(spec={**job.spec, "budget": budget}))
        EventRepository(self._session).append(job.id, "budget", budget)

    def held(self, lease: Lease) -> Job:
        """Return the job, and keep its budget from being changed before this transaction ends. Raises LeaseLost."""
        lock(self._session, lease)
        return self._jobs.get(lease.job_id)

    def count_seconds(self, lease: Lease, seconds: float) -> Any:
        """Note for how long the search has run in all, and return the budget as it is now. Raises LeaseLost."""
        spec = self._session.execute(
            update(jobs).where(held(lease)).values(search_seconds=seconds).returning(jobs.c.spec)
        ).scalar_one_or_none()
        if spec is None:
            raise lost(self._session, lease)
        return spec.get("budget", {})

    def end_search(self, lease: Lease, stopped_at: int, stop_reason: str | None) -> None:
        """Note that the search proposes nothing after its first `stopped_at` candidates. Raises LeaseLost."""
        ended = self._session.execute(
            update(jobs).where(held(lease)).values(stopped_at=stopped_at, stop_reason=stop_reason).returning(jobs.c.id)
        ).first()
        if ended is None:
            raise lost(self._session, lease)


def _ended(job: Job) -> str:
    return "been cancelled" if job.status == "cancelled" else job.status


def _where(job: Job) -> str:
    return f"and the job is in its phase {job.phase}" if job.phase not in {None, "search"} else "its last trainings run"
