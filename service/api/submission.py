"""What stands between a job spec and its place in the queue: the data set is there, and the spec can be run on it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.api.job_data import JobData
from service.api.job_responses import read_job
from service.errors import FieldError, InvalidSpec
from service.job_spec import JobSpec
from service.store.idempotency_repository import Answer
from service.store.job_repository import JobRepository


def require_runnable(spec: JobSpec, dataset: JobData) -> None:
    """Raise InvalidSpec with everything that keeps the spec from being run on its data set."""
    require_none(spec.refusals(dataset.input_shape, len(dataset.class_names), dataset.rows[0], dataset.task))


def require_none(refusals: Sequence[FieldError]) -> None:
    """Raise InvalidSpec where there are refusals."""
    if refusals:
        raise InvalidSpec(f"{refusals[0].pointer}: {refusals[0].detail}", errors=refusals)


def queued(session: Session, owner: str, spec: JobSpec, cloned_from: str | None = None) -> Answer:
    """Queue a job and return the answer that tells of it. Raises DatasetNotFound, and InvalidSpec."""
    dataset = JobData.named(session, owner, spec.dataset)
    spec = spec.for_task(dataset.task)
    require_runnable(spec, dataset)
    dataset.hold(session)
    job = JobRepository(session, owner).create(
        spec.name,
        spec.dataset,
        spec.model_dump(mode="json"),
        spec.seed,
        uploaded=dataset.uploaded,
        cloned_from=cloned_from,
    )
    body = read_job(session, owner, job.id).model_dump(mode="json")
    return Answer(202, body, f"/v1/jobs/{job.id}")
