"""Whether the search was worth it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.architectures import ArchitectureResponse
from service.api.context import DatabaseOf
from service.api.networks import require_finished
from service.api.problems import responses
from service.api.query import JobId
from service.errors import DatabaseUnavailable, JobNotFinished, JobNotFound, Unprocessable, VerdictNotFound
from service.store.job_repository import JobRepository

router = APIRouter(tags=["verdicts"])


class _Stored(BaseModel):
    """A part of the stored verdict; fields of a later format are passed on."""

    model_config = ConfigDict(extra="allow")


class LedgerResponse(_Stored):
    """What was spent."""

    evaluations: int
    epochs: int
    flops: int
    seconds: Annotated[float, Field(description="CPU seconds")]


class ArmResponse(_Stored):
    """One of the networks compared, with a 95 % interval of its test accuracy and what it cost."""

    name: Annotated[str, Field(examples=["evolution"])]
    label: Annotated[str, Field(examples=["evolution"])]
    architecture: ArchitectureResponse
    test_accuracy: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None
    search_score: Annotated[float | None, Field(description="The fitness that the search saw")]
    winners_curse: Annotated[float | None, Field(description="How much the search overstated its winner")]
    search: LedgerResponse
    retraining: LedgerResponse


class ComparisonResponse(_Stored):
    """The evolved network less one rival, in test accuracy, with a 95 % interval."""

    rival: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    conclusion: Literal["better", "worse", "no difference shown"]


class VerdictResponse(_Stored):
    """The whole comparison, and the sentence that sums it up."""

    format: int
    sentence: str
    evolved: Annotated[str, Field(description="Name of the arm that is compared with the others")]
    test_rows: int
    arms: list[ArmResponse]
    comparisons: list[ComparisonResponse]


@router.get(
    "/jobs/{job_id}/verdict",
    operation_id="get_verdict",
    summary="Read whether the search was worth it",
    response_model=VerdictResponse,
    responses=responses(JobNotFound, VerdictNotFound, JobNotFinished, Unprocessable, DatabaseUnavailable),
)
def get_verdict(job_id: JobId, database: DatabaseOf) -> dict[str, Any]:
    """Answer with the stored verdict, or say why there is none."""
    with database.read() as session:
        job = JobRepository(session).get(job_id)
    require_finished(job, "verdict")
    if job.verdict is None:
        raise VerdictNotFound(f"the job has {_ended(job.status)} without a verdict")
    return job.verdict


def _ended(status: str) -> str:
    return "been cancelled" if status == "cancelled" else status
