"""What a search's scores recommend: the front of two objectives, and the winner of a smaller budget."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.metrics import MetricName
from evolution.objectives import CostName
from evolution.recommendation import Standing, pareto_standings
from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import JobId
from service.api.specs import spec_of
from service.budget_spec import MOST_EPOCHS
from service.errors import Conflict, DatabaseUnavailable, FieldError, JobNotFound, Unprocessable
from service.fields import WholeText
from service.store.job_repository import JobRepository
from service.store.scores import evaluated_prefix, scores
from service.what_if import replay, space_of

router = APIRouter(tags=["recommendations"], dependencies=[READ_OR_SUBMIT])


class StandingResponse(BaseModel):
    """A network that was trained, with what all the scores together say of it."""

    number: Annotated[int, Field(description="Its first candidate")]
    architecture: ArchitectureResponse
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    inference_flops: Annotated[int, Field(description="Per row")]
    training_flops: Annotated[int, Field(description="Per row and epoch")]
    score: Annotated[float, Field(description="Validation score as it is believed: a posterior mean, not the luckiest")]
    deviation: Annotated[float, Field(description="Standard deviation of that belief")]
    trainings: int

    @classmethod
    def of(cls, standing: Standing) -> "StandingResponse":
        """Render a standing."""
        architecture = standing.architecture
        return cls(
            number=standing.number,
            architecture=ArchitectureResponse.of(architecture),
            description=architecture.describe(),
            parameters=architecture.parameter_count,
            inference_flops=architecture.inference_flops,
            training_flops=architecture.training_flops,
            score=standing.mean,
            deviation=standing.deviation,
            trainings=standing.trainings,
        )


class FrontResponse(BaseModel):
    """The networks that no other beats in both score and cost, by rising cost."""

    cost: CostName
    metric: Annotated[MetricName, Field(description="What the score is")]
    networks: list[StandingResponse]


class WhatIfResponse(BaseModel):
    """What a budget of `evaluations` would have recommended, and what the evaluations after it brought."""

    evaluations: int
    metric: Annotated[MetricName, Field(description="What the score is")]
    stored_evaluations: Annotated[int, Field(description="How many there are by now")]
    epochs: Annotated[int, Field(description="Training epochs that the smaller budget would have taken")]
    recommended: Annotated[
        StandingResponse | None, Field(description="By the smaller budget's scores alone; null where all failed")
    ]
    recommended_by_all: Annotated[StandingResponse | None, Field(description="By all scores stored by now")]
    score_by_all: Annotated[
        float | None, Field(description="What all scores say of `recommended`; null when it is not ranked any more")
    ]
    gain: Annotated[
        float | None, Field(description="How much better `recommended_by_all` is than that: what the rest brought")
    ]


@router.get(
    "/jobs/{job_id}/front",
    operation_id="get_front",
    summary="Read the best networks for their size",
    description=(
        "Networks that no other beats in both score and cost, judged by what all scores together say, not by the "
        "luckiest. While the search runs: so far."
    ),
    responses=responses(JobNotFound, Conflict, Unprocessable, DatabaseUnavailable),
)
def get_front(
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    cost: Annotated[
        CostName | None, Query(description="What is to be small; by default the job's second objective, or parameters")
    ] = None,
) -> FrontResponse:
    """Rank what is stored by score and cost."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)
        scored = scores(session, job_id)
    spec = spec_of(job)
    chosen = cost or spec.cost or "parameters"
    found = pareto_standings(scored, space_of(spec, scored), chosen) if scored else ()
    return FrontResponse(cost=chosen, metric=job.metric, networks=[StandingResponse.of(standing) for standing in found])


@router.get(
    "/jobs/{job_id}/what-if",
    operation_id="get_what_if",
    summary="Replay the stored evaluations with a smaller budget",
    description=(
        "What a search proposes does not depend on its budget, so the first evaluations of a job are exactly those of "
        "the same job with a smaller budget. Nothing is trained."
    ),
    responses=responses(JobNotFound, Conflict, Unprocessable, DatabaseUnavailable),
)
def get_what_if(
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    evaluations: Annotated[
        int, WholeText(1, MOST_EPOCHS), Query(description="The smaller budget; at most what is stored")
    ],
) -> WhatIfResponse:
    """Compare what the first evaluations recommend with what all of them do."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)
        stored = evaluated_prefix(session, job_id)
        if evaluations > stored:
            detail = f"must be at most {stored:,}, the evaluations that are stored" if stored else _NOTHING
            raise Unprocessable(f"?evaluations: {detail}", errors=[FieldError("?evaluations", detail)])
        found = replay(session, job_id, spec_of(job), [evaluations])[0]
    leader, best = found.recommended, found.recommended_by_all
    return WhatIfResponse(
        evaluations=evaluations,
        metric=job.metric,
        stored_evaluations=found.stored,
        epochs=found.epochs,
        recommended=None if leader is None else StandingResponse.of(leader),
        recommended_by_all=None if best is None else StandingResponse.of(best),
        score_by_all=found.score_by_all,
        gain=found.gain,
    )


_NOTHING = "cannot be answered yet: no evaluation is stored"
