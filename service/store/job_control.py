"""What users ask of a job on its way: to pause, to go on, and to be gone. Each change names the states it starts from.

| asked  | queued  | running                            | paused  | succeeded, failed, cancelled |
|--------|---------|------------------------------------|---------|------------------------------|
| pause  | paused  | asks the runner; paused without one | stays   | refused                      |
| resume | stays   | takes a wish to pause back          | queued  | refused                      |
| cancel | cancelled | asks the runner                   | cancelled | refused, or stays cancelled |
| delete | gone    | refused                            | gone    | gone                         |

Cancelling stands in `job_repository.py`. Only a runner makes a job run, succeed or fail.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.errors import Conflict, JobFinished, JobRunning
from service.store.entities import FinalStatus, Job, now
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from service.store.models import candidates, evaluations, jobs


class JobControl:
    """Changes of jobs by their users, within the transaction of `session`; of `owner`, or everybody's for None."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._jobs = JobRepository(session, owner)
        self._events = EventRepository(session)

    def pause(self, job_id: str) -> Job:
        """Pause a job that no runner holds at once, and ask the runner of one that runs to pause it.

        A job that is paused, or asked to be, stays as it is. Raises JobNotFound, JobFinished, and Conflict for a job
        that is being cancelled.
        """
        job = self._jobs.locked(job_id)
        match job.status:
            case "queued":
                self._pause(job_id)
            case "running":
                if job.cancel_requested:
                    raise Conflict(f"Job {job_id} cannot be paused: it is being cancelled.")
                if job.lease_runner is None:
                    self._pause(job_id)
                elif not job.pause_requested:
                    self._set(job_id, pause_requested=True)
                    self._events.append(job_id, "pause_requested", {})
            case "paused":
                pass
            case "succeeded" | "failed" | "cancelled":
                raise JobFinished(f"Job {job_id} cannot be paused: it has {_ended(job.status)}.")
        return self._jobs.get(job_id)

    def resume(self, job_id: str) -> Job:
        """Queue a paused job again, from where its rows are; take back a wish to pause that was not yet followed.

        A job that waits or runs stays as it is. Raises JobNotFound and JobFinished.
        """
        job = self._jobs.locked(job_id)
        match job.status:
            case "paused":
                self._set(job_id, status="queued", resumed_at=now())
                self._events.append(job_id, "status", {"status": "queued"})
            case "running":
                if job.pause_requested:
                    self._set(job_id, pause_requested=False)
                    self._events.append(job_id, "resume_requested", {})
            case "queued":
                pass
            case "succeeded" | "failed" | "cancelled":
                raise JobFinished(f"Job {job_id} cannot be resumed: it has {_ended(job.status)}.")
        return self._jobs.get(job_id)

    def delete(self, job_id: str) -> None:
        """Remove a job that does not run, with everything that belongs to it. Raises JobNotFound and JobRunning."""
        job = self._jobs.locked(job_id)
        match job.status:
            case "running":
                raise JobRunning(f"Job {job_id} cannot be deleted while it runs; cancel it first.")
            case "queued" | "paused" | "succeeded" | "failed" | "cancelled":
                pass
        # What points to the job goes with it; what points to its candidates goes in one statement, not row by row.
        of_job = select(candidates.c.id).where(candidates.c.job_id == job_id)
        self._session.execute(delete(evaluations).where(evaluations.c.candidate_id.in_(of_job)))
        self._session.execute(delete(jobs).where(jobs.c.id == job_id))

    def _pause(self, job_id: str) -> None:
        self._set(job_id, status="paused", pause_requested=False)
        self._events.append(job_id, "status", {"status": "paused"})

    def _set(self, job_id: str, **values: object) -> None:
        self._session.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def _ended(status: FinalStatus) -> str:
    return "been cancelled" if status == "cancelled" else status
