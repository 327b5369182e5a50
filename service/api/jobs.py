"""Jobs: submit, list, read, cancel."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.job_data import JobData
from service.api.problems import responses
from service.api.query import JobId, PageSize, PageToken, bad_token, cursor_of, token_for
from service.api.specs import spec_of
from service.api.times import Utc
from service.budget_spec import BudgetChange
from service.errors import (
    DatabaseUnavailable,
    DatasetNotFound,
    FieldError,
    InvalidSpec,
    JobFinished,
    JobNotFound,
    MalformedJson,
    PayloadTooLarge,
    RequestTimeout,
    SearchEnded,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import StrictModel
from service.job_spec import JobSpec
from service.store.budget_repository import BudgetRepository
from service.store.entities import Job, JobCursor, JobStatus, Phase
from service.store.insights import Insights, JobLine, JobSummary
from service.store.job_repository import JobRepository
from service.store.progress import Progress

_BODY_PROBLEMS: Final = (MalformedJson, PayloadTooLarge, RequestTimeout, UnsupportedMediaType, InvalidSpec)
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


class ProgressResponse(BaseModel):
    """How far a phase has come, and what it cost."""

    phase: Phase
    proposed: int
    pending: int
    evaluated: int
    failed: int
    epochs: int
    flops: float
    cpu_seconds: float
    best_number: int | None
    best_fitness: float | None


class BestResponse(BaseModel):
    """The best candidate of the search so far."""

    number: int
    fitness: Annotated[float, Field(description="Accuracy on the validation rows")]
    architecture: ArchitectureResponse
    parameters: int
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]


class ImprovementResponse(BaseModel):
    """A candidate that was better than all with a lower number."""

    number: int
    fitness: float


class JobLineResponse(BaseModel):
    """A job in a list."""

    id: Annotated[str, Field(description="Opaque: use it as it was given", examples=["3f9c2a7be1d04c58"])]
    name: str
    status: JobStatus
    phase: Annotated[Phase | None, Field(description="The part of its work that it has come to")]
    dataset: str
    seed: int
    created_at: Utc
    started_at: Utc | None
    finished_at: Utc | None
    elapsed_seconds: Annotated[float, Field(description="From the first start to the end, or to now")]
    stop_reason: Annotated[str | None, Field(description="Why the search ended")]
    error: Annotated[str | None, Field(description="Why the job failed")]
    cancel_requested: bool
    progress: Annotated[list[ProgressResponse], Field(description="The phases that have begun, in the order of time")]


class JobResponse(JobLineResponse):
    """A job with all that it was asked to do."""

    dataset_fingerprint: Annotated[str | None, Field(description="SHA-256 of the data that it runs on")]
    spec: Annotated[dict[str, Any], Field(description="The job spec as it was accepted, defaults filled in")]
    stopped_at: Annotated[int | None, Field(description="How many candidates the search had when it ended")]
    search_seconds: Annotated[float, Field(description="For how long the search has run, restarts included")]
    best: BestResponse | None
    best_so_far: Annotated[list[ImprovementResponse], Field(description="Candidates that were a new best, by number")]


class JobPageResponse(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobLineResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


class JobChange(StrictModel):
    """What can be changed of a job: its budget can be raised."""

    budget: BudgetChange


class Nothing(StrictModel):
    """An object without fields."""


@router.post(
    "/jobs",
    operation_id="submit_job",
    summary="Submit a search",
    status_code=202,
    response_model=JobResponse,
    responses={
        202: {"headers": {"Location": {"description": "Address of the job", "schema": {"type": "string"}}}},
        **responses(*_BODY_PROBLEMS, DatasetNotFound, DatabaseUnavailable),
    },
)
def submit_job(
    spec: Annotated[JobSpec, Body(examples=_EXAMPLES)], caller: CallerOf, database: DatabaseOf, response: Response
) -> JobResponse:
    """Queue a search that could be run; a runner takes it from there."""
    with database.read() as session:
        dataset = JobData.named(session, caller.owner, spec.dataset)
    _require_none(spec.refusals(dataset.input_shape, len(dataset.class_names), dataset.rows[0]))
    with database.write() as session:
        dataset.hold(session)
        job = JobRepository(session, caller.owner).create(
            spec.name, spec.dataset, spec.model_dump(mode="json"), spec.seed, dataset.uploaded
        )
        summary = Insights(session, caller.owner).summary(job.id)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return _job(summary)


@router.get(
    "/jobs",
    operation_id="list_jobs",
    summary="List the jobs, newest first",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_jobs(
    caller: CallerOf,
    database: DatabaseOf,
    page_size: PageSize = 50,
    page_token: PageToken = None,
    status: Annotated[JobStatus | None, Query(description="Only jobs of this status")] = None,
) -> JobPageResponse:
    """List the jobs, newest first."""
    scope = f"jobs {status or ''}"
    before = None if page_token is None else _cursor(page_token, scope)
    with database.read() as session:
        page = Insights(session, caller.owner).jobs(page_size, before, status)
    return JobPageResponse(
        jobs=[JobLineResponse(**_line(line.job, line.phases, line)) for line in page.lines],
        next_page_token=None if page.next is None else token_for(scope, str(page.next)),
    )


@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="Read a job",
    response_model=JobResponse,
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def get_job(job_id: JobId, caller: CallerOf, database: DatabaseOf) -> JobResponse:
    """Read a job and how far it has come."""
    with database.read() as session:
        return _job(Insights(session, caller.owner).summary(job_id))


@router.patch(
    "/jobs/{job_id}",
    operation_id="change_job",
    summary="Raise the budget of a job",
    description=(
        "Evaluations, epochs (whichever the job counts in) and `max_seconds` can be raised until the search has ended; "
        "what is left out stays. The search goes on as if it had been asked for so much from the start. Asking again "
        "changes nothing. `max_seconds: null` takes that limit away."
    ),
    response_model=JobResponse,
    responses=responses(*_BODY_PROBLEMS, JobNotFound, JobFinished, SearchEnded, DatabaseUnavailable),
)
def change_job(
    job_id: JobId,
    change: Annotated[JobChange, Body(examples=[{"budget": {"evaluations": 128}}])],
    caller: CallerOf,
    database: DatabaseOf,
) -> JobResponse:
    """Raise the budget; the runner notices within seconds."""
    with database.write() as session:
        budgets = BudgetRepository(session, caller.owner)
        job = budgets.locked(job_id)
        spec = spec_of(job)
        raised = spec.budget.raised(change.budget)
        if isinstance(raised, list):
            _require_none(raised)
        elif raised != spec.budget:
            dataset = JobData.of_job(session, job)
            larger = spec.model_copy(update={"budget": raised})
            _require_none(larger.refusals(dataset.input_shape, len(dataset.class_names), dataset.rows[0]))
            budgets.change(job, raised.model_dump(mode="json"))
        summary = Insights(session, caller.owner).summary(job_id)
    return _job(summary)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    description=(
        "A job that waits is cancelled at once; one that runs is asked to end, and does within seconds. Asking again "
        "changes nothing. A job that has ended otherwise answers 409. The body is empty, or `{}`."
    ),
    response_model=JobResponse,
    responses=responses(*_BODY_PROBLEMS, JobNotFound, JobFinished, DatabaseUnavailable),
)
def cancel_job(
    job_id: JobId, caller: CallerOf, database: DatabaseOf, body: Annotated[Nothing | None, Body()] = None
) -> JobResponse:
    """Ask for a job to end."""
    del body
    with database.write() as session:
        JobRepository(session, caller.owner).request_cancel(job_id)
        summary = Insights(session, caller.owner).summary(job_id)
    return _job(summary)


def _require_none(refusals: Sequence[FieldError]) -> None:
    if refusals:
        raise InvalidSpec(f"{refusals[0].pointer}: {refusals[0].detail}", errors=refusals)


def _job(summary: JobSummary) -> JobResponse:
    best = summary.best
    return JobResponse(
        **_line(summary.job, summary.phases, summary),
        dataset_fingerprint=summary.job.dataset_fingerprint,
        spec=summary.job.spec,
        stopped_at=summary.job.stopped_at,
        search_seconds=summary.job.search_seconds,
        best=None
        if best is None
        else BestResponse(
            number=best.number,
            fitness=best.fitness,
            architecture=ArchitectureResponse.of(best.architecture),
            parameters=best.architecture.parameter_count,
            description=best.architecture.describe(),
        ),
        best_so_far=[ImprovementResponse(number=one.number, fitness=one.fitness) for one in summary.best_so_far],
    )


def _line(job: Job, phases: Iterable[Progress], line: JobLine | JobSummary) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "phase": job.phase,
        "dataset": job.dataset,
        "seed": job.seed,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "elapsed_seconds": line.elapsed_seconds,
        "stop_reason": job.stop_reason,
        "error": job.error,
        "cancel_requested": job.cancel_requested,
        "progress": [_progress(phase) for phase in phases],
    }


def _progress(progress: Progress) -> ProgressResponse:
    return ProgressResponse(
        phase=progress.phase,
        proposed=progress.proposed,
        pending=progress.pending,
        evaluated=progress.evaluated,
        failed=progress.failed,
        epochs=progress.epochs,
        flops=progress.flops,
        cpu_seconds=progress.seconds,
        best_number=progress.best_number,
        best_fitness=progress.best_fitness,
    )


def _cursor(token: str, scope: str) -> JobCursor:
    try:
        return JobCursor.parse(cursor_of(token, scope))
    except ValueError:
        raise bad_token() from None
