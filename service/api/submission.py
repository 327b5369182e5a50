"""What stands between a job spec and its place in the queue: the data set is there, and the spec can be run on it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.api.job_data import JobData
from service.api.job_responses import read_job
from service.errors import FieldError, InvalidSpec
from service.job_spec import JobSpec
from service.store.idempotency_repository import Answer
from service.store.job_repository import JobRepository


def runnable_on(session: Session, owner: str, spec: JobSpec) -> JobData:
    """Return the data of a spec that can be run. Raises DatasetNotFound, and InvalidSpec where it cannot."""
    data = JobData.named(session, owner, spec.dataset)
    require_runnable(spec, data)
    return data


def require_runnable(spec: JobSpec, data: JobData) -> None:
    """Raise InvalidSpec with everything that keeps the spec from being run on the data."""
    require_none(spec.refusals(data.input_shape, len(data.class_names), data.rows[0]))


def require_none(refusals: Sequence[FieldError]) -> None:
    """Raise InvalidSpec where there are refusals."""
    if refusals:
        raise InvalidSpec(f"{refusals[0].pointer}: {refusals[0].detail}", errors=refusals)


def queued(session: Session, owner: str, spec: JobSpec, data: JobData, cloned_from: str | None = None) -> Answer:
    """Queue a job and return the answer that tells of it. Raises DatasetNotFound where its data were just deleted."""
    data.hold(session)
    job = JobRepository(session, owner).create(
        spec.name,
        spec.dataset,
        spec.model_dump(mode="json"),
        spec.seed,
        uploaded=data.uploaded,
        cloned_from=cloned_from,
    )
    body = read_job(session, owner, job.id).model_dump(mode="json")
    return Answer(202, body, f"/v1/jobs/{job.id}")
