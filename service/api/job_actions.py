"""What is done with a job as a whole: cancel, pause, resume, clone."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf, SettingsOf
from service.api.handlers import refusal
from service.api.idempotency import CREATED_HEADERS, KEY_PROBLEMS, IdempotencyKey, create_once
from service.api.job_responses import JobResponse, read_job
from service.api.jobs import BODY_PROBLEMS
from service.api.merge_patch import merged
from service.api.problems import responses
from service.api.query import JobId
from service.api.submission import SubmittedJobResponse, queued
from service.errors import Conflict, DatabaseUnavailable, DatasetNotFound, JobFinished, JobNotFound, QuotaExceeded
from service.fields import Nothing
from service.job_request import JobRequest
from service.job_spec import default_name
from service.store.idempotency_repository import Answer
from service.store.job_control import JobControl
from service.store.job_repository import JobRepository

router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])

_ACTION_PROBLEMS: Final = responses(*BODY_PROBLEMS, JobNotFound, JobFinished, DatabaseUnavailable)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    description=(
        "A job that waits is cancelled at once; one that runs is asked to end, and does within seconds. Asking again "
        "changes nothing. A job that has ended otherwise answers 409. The body is empty, or `{}`."
    ),
    responses=_ACTION_PROBLEMS,
)
def cancel_job(
    job_id: JobId, caller: CallerOf, database: DatabaseOf, body: Annotated[Nothing | None, Body()] = None
) -> JobResponse:
    """Ask for a job to end."""
    del body
    with database.write() as session:
        JobRepository(session, caller.owner).request_cancel(job_id)
        return read_job(session, caller.owner, job_id)


@router.post(
    "/jobs/{job_id}/pause",
    operation_id="pause_job",
    summary="Pause a job",
    description=(
        "A job that waits is paused at once. The runner of one that runs is asked to: within seconds, or after the "
        "training that it waits for, it stores what is finished and leaves the job. Asking again changes nothing. A "
        "job that has ended, or is being cancelled, answers 409. The body is empty, or `{}`."
    ),
    responses=responses(*BODY_PROBLEMS, JobNotFound, JobFinished, Conflict, DatabaseUnavailable),
)
def pause_job(
    job_id: JobId, caller: CallerOf, database: DatabaseOf, body: Annotated[Nothing | None, Body()] = None
) -> JobResponse:
    """Have a job stand still."""
    del body
    with database.write() as session:
        JobControl(session, caller.owner).pause(job_id)
        return read_job(session, caller.owner, job_id)


@router.post(
    "/jobs/{job_id}/resume",
    operation_id="resume_job",
    summary="Let a paused job go on",
    description=(
        "The job is queued again, and goes on from what is stored to the same winner that it would have found without "
        "the pause. A pause that was asked for and has not begun is taken back. A job that waits or runs stays as it "
        "is; one that has ended answers 409. The body is empty, or `{}`."
    ),
    responses=_ACTION_PROBLEMS,
)
def resume_job(
    job_id: JobId, caller: CallerOf, database: DatabaseOf, body: Annotated[Nothing | None, Body()] = None
) -> JobResponse:
    """Queue a paused job again."""
    del body
    with database.write() as session:
        JobControl(session, caller.owner).resume(job_id)
        return read_job(session, caller.owner, job_id)


@router.post(
    "/jobs/{job_id}/clone",
    operation_id="clone_job",
    summary="Submit a job again, with changes",
    description=(
        "The body is a JSON merge patch (RFC 7396) of the job's spec: what it names is replaced, null takes a field "
        "back to its default, and `{}` submits the very same spec. `priority`, `labels`, `notes` and `webhook` may be "
        "given too. A name that was made from strategy and data set is "
        "made anew. The new job says what it was `cloned_from`."
    ),
    status_code=202,
    response_model=SubmittedJobResponse,
    responses={
        202: {"headers": CREATED_HEADERS},
        **responses(*BODY_PROBLEMS, *KEY_PROBLEMS, JobNotFound, DatasetNotFound, QuotaExceeded, DatabaseUnavailable),
    },
)
def clone_job(
    job_id: JobId,
    patch: Annotated[dict[str, Any], Body(examples=[{"seed": 8}, {"budget": {"evaluations": None, "epochs": 4000}}])],
    caller: CallerOf,
    database: DatabaseOf,
    settings: SettingsOf,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Queue a new job with the changed spec of another one."""

    def clone(session: Session) -> Answer:
        spec = _changed(JobRepository(session, caller.owner).get(job_id).spec, patch)
        return queued(session, caller.owner, spec, settings, cloned_from=job_id)

    return create_once(database, caller.owner, idempotency_key, f"clone_job {job_id}", patch, clone)


def _changed(stored: dict[str, Any], patch: dict[str, Any]) -> JobRequest:
    kept = dict(stored)
    if {"strategy", "dataset"} <= kept.keys() and kept.get("name") == default_name(kept):
        del kept["name"]
    try:
        return JobRequest.model_validate(merged(kept, patch))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise refusal([{**fault, "loc": ("body", *fault["loc"])} for fault in faults], JobRequest) from None
