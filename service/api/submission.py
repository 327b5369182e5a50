"""What stands between a job spec and its place in the queue: the data set is there, and the spec can be run on it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.api.job_data import JobData
from service.api.job_responses import read_job
from service.errors import FieldError, InvalidSpec
from service.job_request import JobRequest
from service.job_spec import JobSpec
from service.settings import Settings
from service.store.idempotency_repository import Answer
from service.store.job_repository import JobRepository
from service.store.queue import Queue


def require_runnable(spec: JobSpec, dataset: JobData) -> None:
    """Raise InvalidSpec with everything that keeps the spec from being run on its data set."""
    require_none(spec.refusals(dataset.input_shape, len(dataset.class_names), dataset.rows[0]))


def require_none(refusals: Sequence[FieldError]) -> None:
    """Raise InvalidSpec where there are refusals."""
    if refusals:
        raise InvalidSpec(f"{refusals[0].pointer}: {refusals[0].detail}", errors=refusals)


def queued(
    session: Session, owner: str, request: JobRequest, settings: Settings, cloned_from: str | None = None
) -> Answer:
    """Queue a job and return the answer that tells of it. Raises DatasetNotFound, InvalidSpec and QuotaExceeded."""
    dataset = JobData.named(session, owner, request.dataset)
    require_runnable(request, dataset)
    Queue(session).require_room(owner, settings.max_queued_jobs)
    dataset.hold(session)
    job = JobRepository(session, owner).create(
        request.name,
        request.dataset,
        request.spec(),
        request.seed,
        uploaded=dataset.uploaded,
        cloned_from=cloned_from,
        priority=request.priority,
    )
    body = read_job(session, owner, job.id).model_dump(mode="json")
    return Answer(202, body, f"/v1/jobs/{job.id}")
