"""What the API tells of a job."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from core.metrics import MetricName
from service.api.architectures import ArchitectureResponse
from service.api.specs import spec_of
from service.api.times import Utc
from service.errors import Conflict
from service.job_estimate import JobEstimate, estimate
from service.store.entities import Job, JobStatus, Phase
from service.store.insights import Insights, JobLine, JobSummary
from service.store.pace import recent_pace
from service.store.progress import Progress

PASSING: Final = ("elapsed_seconds", "search_seconds", "estimate")
"""Fields that change by the mere passing of time; a job's ETag leaves them out."""


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
    fitness: Annotated[float, Field(description="The job's metric on the validation rows")]
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
    metric: Annotated[MetricName, Field(description="What a fitness is")]
    created_at: Utc
    started_at: Utc | None
    finished_at: Utc | None
    elapsed_seconds: Annotated[float, Field(description="From the first start to the end, or to now")]
    stop_reason: Annotated[str | None, Field(description="Why the search ended")]
    error: Annotated[str | None, Field(description="Why the job failed")]
    cancel_requested: bool
    pause_requested: Annotated[bool, Field(description="Whether its runner was asked to pause it, and has not yet")]
    priority: Annotated[int, Field(description="-10 to 10; of your jobs that wait, higher ones begin first")]
    labels: Annotated[list[str], Field(description="What its owner sorts it under, in the order of the alphabet")]
    archived: Annotated[bool, Field(description="Whether lists leave it out unless they are asked for it")]
    progress: Annotated[list[ProgressResponse], Field(description="The phases that have begun, in the order of time")]


class EstimateResponse(BaseModel):
    """How long a running job still takes."""

    search_seconds: Annotated[float, Field(description="Seconds left of the search")]
    rest_seconds: Annotated[float, Field(description="Seconds of what follows it, the fits of other methods left out")]
    flops_per_second: Annotated[float, Field(description="The pace that it was computed with")]
    explanation: Annotated[str, Field(description="How it was computed, in a sentence")]


class JobResponse(JobLineResponse):
    """A job with all that it was asked to do."""

    dataset_fingerprint: Annotated[str | None, Field(description="SHA-256 of the data that it runs on")]
    spec: Annotated[dict[str, Any], Field(description="The job spec as it was accepted, defaults filled in")]
    stopped_at: Annotated[int | None, Field(description="How many candidates the search had when it ended")]
    search_seconds: Annotated[
        float, Field(description="For how long the search has run, restarts included and pauses not")
    ]
    estimate: Annotated[
        EstimateResponse | None, Field(description="The time left; null unless the job runs and enough is known")
    ]
    notes: Annotated[str, Field(description="What its owner wrote about it")]
    cloned_from: Annotated[str | None, Field(description="Id of the job that it was cloned from")]
    best: BestResponse | None
    best_so_far: Annotated[list[ImprovementResponse], Field(description="Candidates that were a new best, by number")]


class JobPageResponse(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobLineResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


def read_job(session: Session, owner: str, job_id: str) -> JobResponse:
    """Read a job of the owner's and render it, with the time that is left. Raises JobNotFound."""
    summary = Insights(session, owner).summary(job_id)
    return job_response(summary, time_left(session, summary))


def job_response(summary: JobSummary, left: JobEstimate | None = None) -> JobResponse:
    """Render a job with all that it was asked to do."""
    best = summary.best
    return JobResponse(
        **_line(summary.job, summary.phases, summary),
        dataset_fingerprint=summary.job.dataset_fingerprint,
        spec=summary.job.spec,
        stopped_at=summary.job.stopped_at,
        search_seconds=summary.job.search_seconds,
        estimate=None
        if left is None
        else EstimateResponse(
            search_seconds=round(left.search_seconds, 1),
            rest_seconds=round(left.rest_seconds, 1),
            flops_per_second=left.flops_per_second,
            explanation=left.explanation,
        ),
        notes=summary.job.notes,
        cloned_from=summary.job.cloned_from,
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


def job_line(line: JobLine) -> JobLineResponse:
    """Render a job in a list."""
    return JobLineResponse(**_line(line.job, line.phases, line))


def time_left(session: Session, summary: JobSummary) -> JobEstimate | None:
    """Return the time that a job still takes; None where it does not run, or nobody can tell yet."""
    job = summary.job
    if job.status != "running":
        return None
    try:
        spec = spec_of(job)
    except Conflict:
        # Of another release: its runner will say so.
        return None
    return estimate(job, spec, summary.progress, recent_pace(session, job, job.phase or "search"))


def _line(job: Job, phases: Iterable[Progress], line: JobLine | JobSummary) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "phase": job.phase,
        "dataset": job.dataset,
        "seed": job.seed,
        "metric": job.metric,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "elapsed_seconds": line.elapsed_seconds,
        "stop_reason": job.stop_reason,
        "error": job.error,
        "cancel_requested": job.cancel_requested,
        "pause_requested": job.pause_requested,
        "priority": job.priority,
        "labels": list(line.labels),
        "archived": job.archived,
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
