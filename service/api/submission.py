"""What stands between a job spec and its place in the queue: the data set is there, and the spec can be run on it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from service.api.job_data import JobData
from service.api.job_responses import JobResponse, read_job
from service.api.webhooks import WebhookResponse, webhook_refusals
from service.errors import FieldError, InvalidSpec
from service.job_request import JobRequest, WebhookSpec
from service.job_spec import JobSpec
from service.settings import Settings
from service.store.idempotency_repository import Answer
from service.store.job_details import change_details
from service.store.job_repository import JobRepository
from service.store.queue import Queue
from service.store.webhook_repository import WebhookRepository
from service.webhooks.signature import new_secret


class SubmittedJobResponse(JobResponse):
    """A job that was just submitted."""

    # Left out of the answer to a job without one, which then is the job as it is read later.
    webhook: Annotated[
        WebhookResponse | None,
        Field(description="With its secret, which is told here only", exclude_if=lambda webhook: webhook is None),
    ] = None


def require_runnable(spec: JobSpec, dataset: JobData) -> None:
    """Raise InvalidSpec with everything that keeps the spec from being run on its data set."""
    require_none(spec.refusals(dataset.input_shape, dataset.outputs, dataset.rows[0], dataset.task))


def require_none(refusals: Sequence[FieldError]) -> None:
    """Raise InvalidSpec where there are refusals."""
    if refusals:
        raise InvalidSpec(f"{refusals[0].pointer}: {refusals[0].detail}", errors=refusals)


def webhook_of(wanted: WebhookSpec | None, settings: Settings) -> WebhookResponse | None:
    """Return the webhook with a new secret; None where none is wanted. Raises InvalidSpec."""
    if wanted is None:
        return None
    require_none(webhook_refusals(wanted, settings))
    return WebhookResponse(**wanted.model_dump(), secret=new_secret())


def queued(
    session: Session, owner: str, request: JobRequest, settings: Settings, cloned_from: str | None = None
) -> Answer:
    """Queue a job and return the answer that tells of it. Raises DatasetNotFound, InvalidSpec and QuotaExceeded."""
    dataset = JobData.named(session, owner, request.dataset)
    request = request.for_task(dataset.task)
    require_runnable(request, dataset)
    webhook = webhook_of(request.webhook, settings)
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
    change_details(session, job.id, request.details())
    if webhook is not None:
        WebhookRepository(session).create(job.id, webhook.url, webhook.events, webhook.secret)
    told = SubmittedJobResponse(**read_job(session, owner, job.id).model_dump(), webhook=webhook)
    return Answer(202, told.model_dump(mode="json"), f"/v1/jobs/{job.id}")
