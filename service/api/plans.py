"""Plans: what a job spec would come to, asked before it is submitted. Nothing is stored.

A plan is a thing that is made from a spec, not a way of submitting it; so it has an address of its own. A flag on the
address that submits would make a job of every mistyped flag.
"""

import os
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from core.dataset import Task
from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf, SettingsOf
from service.api.job_data import JobData
from service.api.jobs import BODY_PROBLEMS
from service.api.problems import responses
from service.api.submission import require_runnable, webhook_of
from service.errors import DatabaseUnavailable, DatasetNotFound
from service.job_plan import DatasetShape, JobPlan, PlannedNetwork, plan_of
from service.job_request import JobRequest
from service.job_spec import MAX_WORK, JobSpec
from service.space_spec import MAX_PARAMETERS
from service.store.entities import Phase
from service.store.pace import latest_calibration, pace_of_finished_jobs

router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])


class PlannedSpaceResponse(BaseModel):
    """The networks that the search would choose among."""

    structures: Annotated[float, Field(description="How many there are, as near as a double comes", examples=[33_154])]
    exactly: Annotated[str, Field(description="The same as decimal digits, all of them", examples=["33154"])]
    at_most: Annotated[bool, Field(description="Whether limits on parameters or FLOPs leave fewer of them")]
    description: Annotated[str, Field(description="The space in a line")]


class PlannedNetworkResponse(BaseModel):
    """A network at an end of the space."""

    architecture: ArchitectureResponse
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    training_flops: Annotated[int, Field(description="Operations of a training step for one row")]
    training_bytes: Annotated[int, Field(description="Memory that its training takes, the data set itself left out")]


class LimitsResponse(BaseModel):
    """What no job may exceed, and the memory of the machine that answers; runners elsewhere may have another."""

    parameters: int
    flops: int
    memory_bytes: Annotated[int | None, Field(description="null where the system does not tell")]


class PlannedPhaseResponse(BaseModel):
    """The most that a phase takes: a search may end early, and networks of the verdict may coincide."""

    phase: Phase
    trainings: int
    epochs: int
    flops: Annotated[float, Field(description="Expected: for networks of the mean cost of the space")]
    most_flops: Annotated[float, Field(description="Were every network the dearest one")]


class PlannedTimeResponse(BaseModel):
    """How long it would take, and what that rests on; null is unknown."""

    seconds: Annotated[float | None, Field(description="Of all phases, the fits of other methods left out")]
    search_seconds: float | None
    flops_per_second: float | None
    basis: Literal["finished_jobs", "calibration", "unknown"]
    explanation: str


class PlanResponse(BaseModel):
    """What a job spec comes to."""

    space: PlannedSpaceResponse
    smallest: PlannedNetworkResponse
    largest: PlannedNetworkResponse
    limits: LimitsResponse
    phases: list[PlannedPhaseResponse]
    trainings: int
    flops: float
    most_flops: float
    time: PlannedTimeResponse


@router.post(
    "/plans",
    operation_id="plan_job",
    summary="Read what a job would come to, without submitting it",
    description="Takes what `POST /v1/jobs` takes and refuses what that refuses, but stores and starts nothing.",
    responses=responses(*BODY_PROBLEMS, DatasetNotFound, DatabaseUnavailable),
)
def plan_job(
    spec: Annotated[JobRequest, Body(examples=[{"dataset": "digits-16x16"}])],
    caller: CallerOf,
    database: DatabaseOf,
    settings: SettingsOf,
) -> PlanResponse:
    """Count the space, the trainings and the work, and tell the time where a rate is known."""
    with database.read() as session:
        dataset = JobData.named(session, caller.owner, spec.dataset)
    spec = spec.for_task(dataset.task)
    require_runnable(spec, dataset)
    webhook_of(spec.webhook, settings)
    train_rows, validation_rows, _ = dataset.rows
    shape = DatasetShape(dataset.input_shape, dataset.outputs, train_rows, validation_rows, cast("Task", dataset.task))
    plan = plan_of(spec, shape)
    with database.read() as session:
        time = _time(session, caller.owner, spec, plan)
    return PlanResponse(
        space=PlannedSpaceResponse(
            structures=float(plan.structures),
            exactly=str(plan.structures),
            at_most=plan.limited,
            description=plan.description,
        ),
        smallest=_network(plan.smallest),
        largest=_network(plan.largest),
        limits=LimitsResponse(parameters=MAX_PARAMETERS, flops=MAX_WORK, memory_bytes=_memory_bytes()),
        phases=[
            PlannedPhaseResponse(
                phase=one.phase, trainings=one.trainings, epochs=one.epochs, flops=one.flops, most_flops=one.most_flops
            )
            for one in plan.phases
        ],
        trainings=sum(one.trainings for one in plan.phases),
        flops=sum(one.flops for one in plan.phases),
        most_flops=sum(one.most_flops for one in plan.phases),
        time=time,
    )


def _network(planned: PlannedNetwork) -> PlannedNetworkResponse:
    architecture = planned.architecture
    return PlannedNetworkResponse(
        architecture=ArchitectureResponse.of(architecture),
        description=architecture.describe(),
        parameters=architecture.parameter_count,
        training_flops=architecture.training_flops,
        training_bytes=planned.training_bytes,
    )


def _time(session: Session, owner: str, spec: JobSpec, plan: JobPlan) -> PlannedTimeResponse:
    """Tell the time from the nearest thing that was measured: jobs on the data set, any jobs, or a runner's machine."""
    for dataset, where in ((spec.dataset, f" on {spec.dataset}"), (None, "")):
        pace = pace_of_finished_jobs(session, owner, dataset)
        if pace is not None:
            jobs = "the last finished job" if pace.measured == 1 else f"the last {pace.measured} finished jobs"
            explanation = f"at the pace of the searches of {jobs}{where}, with the workers that they had"
            return _told(spec, plan, pace.flops_per_second, "finished_jobs", explanation)
    calibration = latest_calibration(session)
    if calibration is None:
        return PlannedTimeResponse(
            seconds=None,
            search_seconds=None,
            flops_per_second=None,
            basis="unknown",
            explanation="unknown: no job has finished yet, and no runner has measured its machine",
        )
    workers = min(calibration.workers, spec.parallelism)
    explanation = (
        f"at the pace at which a runner trained a small network when it started, times {workers} workers; larger "
        "networks train at a higher one"
    )
    return _told(spec, plan, calibration.flops_per_second * workers, "calibration", explanation)


def _told(
    spec: JobSpec, plan: JobPlan, rate: float, basis: Literal["finished_jobs", "calibration"], explanation: str
) -> PlannedTimeResponse:
    search = plan.flops["search"] / rate
    limit = spec.budget.max_seconds
    share = 1.0 if limit is None or search <= limit else limit / search
    # The random search gets as many epochs as the search came to.
    seconds = sum(flops * (share if phase in {"search", "baseline"} else 1) for phase, flops in plan.flops.items())
    return PlannedTimeResponse(
        seconds=round(seconds / rate, 1),
        search_seconds=round(search * share, 1),
        flops_per_second=rate,
        basis=basis,
        explanation=explanation,
    )


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
