"""Jobs: submit, list, read, change, delete."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf, ExaminerOf, SettingsOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfMatch, IfNoneMatch, etag_of, require_match, tagged
from service.api.idempotency import CREATED_HEADERS, KEY_PROBLEMS, IdempotencyKey, create_once
from service.api.job_change import JobChange
from service.api.job_data import JobData
from service.api.job_responses import PASSING, JobPageResponse, JobResponse, job_line, read_job
from service.api.problems import responses
from service.api.query import JobId, PageSize, PageToken, bad_token, cursor_of, digest_of, token_for
from service.api.specs import spec_of
from service.api.submission import SubmittedJobResponse, queued, require_none, require_runnable
from service.errors import (
    DatabaseUnavailable,
    DatasetNotFound,
    InvalidSpec,
    JobFinished,
    JobNotFound,
    JobRunning,
    MalformedJson,
    PayloadTooLarge,
    PreconditionFailed,
    QuotaExceeded,
    RequestTimeout,
    SearchEnded,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import MomentText, Several
from service.job_request import JobRequest
from service.store.budget_repository import BudgetRepository
from service.store.entities import JOB_STATUSES
from service.store.insights import Insights
from service.store.job_control import JobControl
from service.store.job_details import change_details
from service.store.job_list import JobFilter, JobPlace, JobSort
from service.store.job_repository import JobRepository

BODY_PROBLEMS: Final = (MalformedJson, PayloadTooLarge, RequestTimeout, UnsupportedMediaType, InvalidSpec)
_ARCHIVED: Final[dict[str, bool | None]] = {"false": False, "true": True, "all": None}
_EXAMPLES: Final = [
    {"dataset": "digits-16x16"},
    {
        "dataset": "digits-16x16",
        "name": "small and quick",
        "seed": 7,
        "budget": {"evaluations": 32},
        "space": {"max_layers": 2, "max_units": 64},
        "training": {"epochs": 5},
    },
]

router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])


@router.post(
    "/jobs",
    operation_id="submit_job",
    summary="Submit a search",
    status_code=202,
    response_model=SubmittedJobResponse,
    responses={
        202: {"headers": CREATED_HEADERS},
        **responses(*BODY_PROBLEMS, *KEY_PROBLEMS, DatasetNotFound, QuotaExceeded, DatabaseUnavailable),
    },
)
def submit_job(
    spec: Annotated[JobRequest, Body(examples=_EXAMPLES)],
    caller: CallerOf,
    database: DatabaseOf,
    settings: SettingsOf,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Queue a search that could be run; a runner takes it from there."""
    return create_once(
        database,
        caller.owner,
        idempotency_key,
        "submit_job",
        spec.model_dump(mode="json"),
        lambda session: queued(session, caller.owner, spec, settings),
    )


@router.get(
    "/jobs",
    operation_id="list_jobs",
    summary="List the jobs",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_jobs(
    *,
    caller: CallerOf,
    database: DatabaseOf,
    page_size: PageSize = 50,
    page_token: PageToken = None,
    status: Annotated[
        str | None,
        Several(JOB_STATUSES),
        Query(description="Only jobs of this status, or of one of several with commas between them"),
    ] = None,
    dataset: Annotated[str | None, Query(max_length=200, description="Only jobs on this data set")] = None,
    label: Annotated[str | None, Query(max_length=60, description="Only jobs with this label")] = None,
    name: Annotated[
        str | None, Query(max_length=200, description="Only jobs with this text in their name, in either case")
    ] = None,
    archived: Annotated[Literal["false", "true", "all"], Query(description="Archived jobs, others, or both")] = "false",
    created_after: Annotated[datetime | None, MomentText(), Query(description="Only jobs submitted later")] = None,
    created_before: Annotated[datetime | None, MomentText(), Query(description="Only jobs submitted earlier")] = None,
    sort: Annotated[JobSort, Query(description="By best score: those without one come last")] = "newest",
) -> JobPageResponse:
    """List the jobs that all filters let through."""
    statuses = tuple(one for one in JOB_STATUSES if status is not None and one in status.split(","))
    wanted = JobFilter(statuses, dataset, label, name, _ARCHIVED[archived], created_after, created_before)
    scope = f"jobs {sort} {digest_of(asdict(wanted))}"
    after = None if page_token is None else _place(page_token, scope, sort)
    with database.read() as session:
        try:
            page = Insights(session, caller.owner).jobs(page_size, after, wanted=wanted, sort=sort)
        except JobNotFound:
            raise bad_token("leads behind a job that was deleted meanwhile; begin with the first page") from None
    return JobPageResponse(
        jobs=[job_line(line) for line in page.lines],
        next_page_token=None if page.next is None else token_for(scope, str(page.next)),
    )


@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="Read a job",
    response_model=JobResponse,
    responses={
        200: {"headers": ETAG_HEADER},
        **NOT_MODIFIED,
        **responses(JobNotFound, Unprocessable, DatabaseUnavailable),
    },
)
def get_job(job_id: JobId, caller: CallerOf, database: DatabaseOf, if_none_match: IfNoneMatch = None) -> Response:
    """Read a job and how far it has come."""
    with database.read() as session:
        job = read_job(session, caller.owner, job_id)
    return tagged(job, if_none_match, PASSING)


@router.patch(
    "/jobs/{job_id}",
    operation_id="change_job",
    summary="Change a job: its name, labels, notes, place in the archive, or budget",
    description=(
        "What is left out stays. Name, labels, notes and `archived` may change at any time. Evaluations or epochs "
        "(whichever the job counts in) can be raised until the search has ended; `max_seconds` can be raised, set, or "
        "taken away with null. The search goes on as if it had been asked for so much from the start. Asking again "
        "changes nothing. With If-Match nothing is changed unless the job is as it was read."
    ),
    response_model=JobResponse,
    responses={
        200: {"headers": ETAG_HEADER},
        **responses(*BODY_PROBLEMS, JobNotFound, JobFinished, SearchEnded, PreconditionFailed, DatabaseUnavailable),
    },
)
def change_job(
    job_id: JobId,
    change: Annotated[
        JobChange, Body(examples=[{"budget": {"evaluations": 128}}, {"labels": ["thesis"], "notes": "The long run."}])
    ],
    caller: CallerOf,
    database: DatabaseOf,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given, all of it or nothing; a runner notices a raised budget within seconds."""
    with database.write() as session:
        job = JobRepository(session, caller.owner).locked(job_id)
        if if_match is not None:
            before = read_job(session, caller.owner, job_id)
            require_match(if_match, etag_of(before.model_dump(mode="json"), PASSING))
        if change.budget is not None:
            budgets = BudgetRepository(session, caller.owner)
            budgets.locked(job_id)
            spec = spec_of(job)
            raised = spec.budget.raised(change.budget)
            if isinstance(raised, list):
                require_none(raised)
            elif raised != spec.budget:
                require_runnable(spec.model_copy(update={"budget": raised}), JobData.of_job(session, job))
                budgets.change(job, raised.model_dump(mode="json"))
        change_details(session, job_id, change.details())
        after = read_job(session, caller.owner, job_id)
    return tagged(after, None, PASSING)


@router.delete(
    "/jobs/{job_id}",
    operation_id="delete_job",
    summary="Delete a job with everything that belongs to it",
    description=(
        "A job that runs answers 409: cancel it first, and wait until it has ended. What is deleted is gone for good; "
        "to have it out of sight only, archive it."
    ),
    status_code=204,
    response_class=Response,
    responses=responses(JobNotFound, JobRunning, Unprocessable, DatabaseUnavailable),
)
def delete_job(job_id: JobId, caller: CallerOf, database: DatabaseOf, examiner: ExaminerOf) -> Response:
    """Delete a job that does not run."""
    with database.write() as session:
        JobControl(session, caller.owner).delete(job_id)
    examiner.forget(job_id)
    return Response(status_code=204)


def _place(token: str, scope: str, sort: JobSort) -> JobPlace:
    try:
        return JobPlace.parse(cursor_of(token, scope), sort)
    except ValueError:
        raise bad_token() from None
