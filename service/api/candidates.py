"""The candidates of a job: what was tried, and what came of it."""

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import JobId, PageSize, PageToken, bad_token, cursor_of, digest_of, token_for
from service.api.times import Utc
from service.errors import DatabaseUnavailable, JobNotFound, Unprocessable
from service.fields import WholeText
from service.store.candidate_list import CandidateFilter, CandidateSort
from service.store.entities import CandidateStatus, Phase
from service.store.insights import CandidateLine, Insights

MOST_LAYERS: Final = 1_000
MOST_PARAMETERS: Final = 10**12

router = APIRouter(tags=["candidates"], dependencies=[READ_OR_SUBMIT])


class PredictionResponse(BaseModel):
    """What the search believed of a candidate's fitness before it was trained: a normal distribution."""

    mean: float
    deviation: float
    improvement: Annotated[
        float, Field(description="Expected improvement: in fitness, or with two objectives in hypervolume")
    ]


class CandidateResponse(BaseModel):
    """A network that was proposed; what its evaluation brings is null while it is pending."""

    phase: Phase
    number: Annotated[int, Field(description="0, 1, 2 ... within the phase")]
    parents: Annotated[list[int], Field(description="Numbers of the candidates that it was bred from")]
    operator: Annotated[str, Field(description="What made it")]
    seed: int
    architecture: ArchitectureResponse
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    layers: Annotated[int, Field(description="Dense layers and convolutions")]
    replicates: Annotated[int, Field(description="Networks that are trained, with different seeds")]
    stop_after: Annotated[int | None, Field(description="Epochs after which it stops early; null for all of them")]
    prediction: Annotated[
        PredictionResponse | None, Field(description="What the search believed; null where it believed nothing")
    ]
    status: CandidateStatus
    fitness: Annotated[
        float | None,
        Field(description="Accuracy on the validation rows at the best epoch, the mean over the replicates"),
    ]
    standard_error: Annotated[
        float | None, Field(description="Of the fitness over the replicates; null for a single one")
    ]
    error: Annotated[str | None, Field(description="Why it failed")]
    epochs: int | None
    flops: int | None
    cpu_seconds: float | None
    worker: str | None
    created_at: Utc
    evaluated_at: Utc | None


class CandidatePageResponse(BaseModel):
    """Candidates of one phase."""

    candidates: list[CandidateResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/jobs/{job_id}/candidates",
    operation_id="list_candidates",
    summary="List the candidates of a job",
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def list_candidates(
    *,
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    page_size: PageSize = 50,
    page_token: PageToken = None,
    phase: Annotated[Phase, Query(description="The part of the job's work that they belong to")] = "search",
    sort: Annotated[
        CandidateSort,
        Query(
            description="By number; by fitness, the best first and those without one last; or by parameters, the "
            "smallest first"
        ),
    ] = "number",
    status: Annotated[CandidateStatus | None, Query(description="Only candidates of this status")] = None,
    layers: Annotated[
        int | None,
        WholeText(0, MOST_LAYERS),
        Query(description="Only networks of so many dense layers and convolutions"),
    ] = None,
    operator: Annotated[str | None, Query(max_length=200, description="Only candidates that this made")] = None,
    min_parameters: Annotated[
        int | None, WholeText(0, MOST_PARAMETERS), Query(description="Only networks of at least so many parameters")
    ] = None,
    max_parameters: Annotated[
        int | None, WholeText(0, MOST_PARAMETERS), Query(description="Only networks of at most so many parameters")
    ] = None,
) -> CandidatePageResponse:
    """List the candidates of one phase that all filters let through."""
    wanted = CandidateFilter(status, layers, operator, min_parameters, max_parameters)
    scope = f"candidates {job_id} {phase} {sort} {digest_of(asdict(wanted))}"
    after = None if page_token is None else _number(page_token, scope)
    with database.read() as session:
        page = Insights(session, caller.owner).candidates(
            job_id, phase, page_size=page_size, after=after, sort=sort, wanted=wanted
        )
    return CandidatePageResponse(
        candidates=[candidate_response(line) for line in page.lines],
        next_page_token=None if page.next is None else token_for(scope, str(page.next)),
    )


def candidate_response(line: CandidateLine) -> CandidateResponse:
    """Render a candidate."""
    return CandidateResponse(
        phase=line.phase,
        number=line.number,
        parents=list(line.parents),
        operator=line.operator,
        seed=line.seed,
        architecture=ArchitectureResponse.of(line.architecture),
        description=line.architecture.describe(),
        parameters=line.parameters,
        layers=line.layers,
        replicates=line.replicates,
        stop_after=line.stop_after,
        prediction=None if line.prediction is None else PredictionResponse(**asdict(line.prediction)),
        status=line.status,
        fitness=line.fitness,
        standard_error=line.standard_error,
        error=line.error,
        epochs=line.epochs,
        flops=line.flops,
        cpu_seconds=line.seconds,
        worker=line.worker,
        created_at=line.created_at,
        evaluated_at=line.evaluated_at,
    )


def _number(token: str, scope: str) -> int:
    cursor = cursor_of(token, scope)
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise bad_token()
    return int(cursor)
