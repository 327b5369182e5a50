"""Where a network came from, and how operators and predictions did."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.candidates import PredictionResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import JobId
from service.budget_spec import MOST_EPOCHS
from service.errors import DatabaseUnavailable, FieldError, JobNotFound, Unprocessable
from service.fields import WholeText
from service.store.entities import CandidateStatus
from service.store.insights import Insights
from service.store.lineage import Relative, lineage

router = APIRouter(tags=["candidates"], dependencies=[READ_OR_SUBMIT])


class RelativeResponse(BaseModel):
    """The candidate that was asked for, or one of its ancestors."""

    number: int
    generation: Annotated[int, Field(description="0 for the one asked for, 1 for its parents, and so on")]
    parents: list[int]
    operator: str
    architecture: ArchitectureResponse
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    prediction: PredictionResponse | None
    stop_after: Annotated[int | None, Field(description="Epochs after which it stopped early; null for a full one")]
    status: CandidateStatus
    fitness: float | None

    @classmethod
    def of(cls, relative: Relative) -> "RelativeResponse":
        """Render a relative."""
        return cls(
            number=relative.number,
            generation=relative.generation,
            parents=list(relative.parents),
            operator=relative.operator,
            architecture=ArchitectureResponse.of(relative.architecture),
            description=relative.architecture.describe(),
            parameters=relative.parameters,
            prediction=None if relative.prediction is None else PredictionResponse(**asdict(relative.prediction)),
            stop_after=relative.stop_after,
            status=relative.status,
            fitness=relative.fitness,
        )


class OperatorResponse(BaseModel):
    """How an operator did, over the whole search; a child that several operators made counts for each."""

    operator: str
    tried: int
    failed: int
    compared: Annotated[int, Field(description="Children with a score whose parents have one too")]
    better: Annotated[int, Field(description="Those of them that beat their best parent")]
    mean_change: Annotated[float | None, Field(description="Mean difference in fitness to the best parent")]


class CalibrationResponse(BaseModel):
    """How the scores fell out against what the search believed before the trainings."""

    predictions: int
    mean_error: Annotated[float, Field(description="Of score less prediction")]
    mean_absolute_error: float
    noise: Annotated[
        float | None,
        Field(description="Standard deviation between trainings of one network; null where none was repeated"),
    ]
    within_one: Annotated[
        float,
        Field(description="Share of scores within one deviation, belief and noise together; 0.683 would be right"),
    ]
    within_two: Annotated[float, Field(description="The same within two; 0.954 would be right")]
    believed_one: Annotated[
        float, Field(description="Within one deviation of the belief alone, which leaves noise out")
    ]
    believed_two: float


class LineageResponse(BaseModel):
    """The family tree of a candidate, and the record of the job's operators and predictions."""

    family: Annotated[list[RelativeResponse], Field(description="By generation, then by number")]
    complete: Annotated[bool, Field(description="false where the tree ended before its oldest ancestors")]
    operators: Annotated[list[OperatorResponse], Field(description="The most tried first")]
    calibration: Annotated[
        CalibrationResponse | None, Field(description="null where the search predicted nothing, or nothing came of it")
    ]
    sampled: Annotated[
        int | None,
        Field(
            description=(
                "How many evenly spaced candidates `operators` and `calibration` are told from; `tried` and `failed` "
                "count all. null where all were read"
            )
        ),
    ]


@router.get(
    "/jobs/{job_id}/lineage",
    operation_id="get_lineage",
    summary="Read where a network came from",
    description="Ancestors of a candidate of the search, and how the job's operators and predictions did so far.",
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def get_lineage(
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    number: Annotated[
        int | None,
        WholeText(0, MOST_EPOCHS),
        Query(description="A candidate of the search; by default the best so far"),
    ] = None,
) -> LineageResponse:
    """Follow the parents of a candidate back to where they began."""
    with database.read() as session:
        search = Insights(session, caller.owner).summary(job_id).progress("search")
        chosen = search.best_number if number is None else number
        found = None if chosen is None else lineage(session, job_id, chosen)
    if found is None:
        detail = f"must be the number of a candidate of the search; there are {search.proposed:,}"
        if number is None:
            detail = "is needed: no candidate has a score yet"
        raise Unprocessable(f"?number: {detail}", errors=[FieldError("?number", detail)])
    return LineageResponse(
        family=[RelativeResponse.of(relative) for relative in found.family],
        complete=found.complete,
        operators=[OperatorResponse(**asdict(one)) for one in found.record.operators],
        calibration=None
        if found.record.calibration is None
        else CalibrationResponse(**asdict(found.record.calibration)),
        sampled=found.record.sampled,
    )
