"""Whether the search was worth it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfNoneMatch, tagged
from service.api.networks import require_finished
from service.api.problems import responses
from service.api.query import JobId
from service.errors import DatabaseUnavailable, JobNotFinished, JobNotFound, Unprocessable, VerdictNotFound
from service.store.job_repository import JobRepository

router = APIRouter(tags=["verdicts"], dependencies=[READ_OR_SUBMIT])


class _Stored(BaseModel):
    """A part of the stored verdict; fields of a later format are passed on."""

    model_config = ConfigDict(extra="allow")


class LedgerResponse(_Stored):
    """What was spent."""

    evaluations: int
    epochs: int
    flops: int
    seconds: Annotated[float, Field(description="CPU seconds")]


class RmseResponse(_Stored):
    """A root mean squared error in the target's units, or a difference of two, with a 95 % interval."""

    value: float
    low: float
    high: float


class FloorTestResponse(_Stored):
    """Test score less that of always giving the same answer, with a 95 % interval."""

    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: Annotated[float, Field(description="Corrected by Holm for the number of arms and rivals")]
    above: Annotated[bool, Field(description="Whether it is shown that something was learned")]


class ArmResponse(_Stored):
    """One of the networks compared, with a 95 % interval of its test score and what it cost.

    Formats 1 and 2 know accuracy alone and call the scores `test_accuracy` and `validation_accuracy`.
    """

    name: Annotated[str, Field(examples=["evolution"])]
    label: Annotated[str, Field(examples=["evolution"])]
    architecture: ArchitectureResponse
    parameters: int | None = None
    test_accuracy: float | None = None
    test_score: float | None = None
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None = None
    validation_score: float | None = None
    search_score: Annotated[float | None, Field(description="What the search believed of it")]
    finalist_score: Annotated[float | None, Field(description="Its mean on the finalists' seeds")] = None
    winners_curse: Annotated[float | None, Field(description="How much the search overstated its winner")]
    floor: FloorTestResponse | None = None
    search: LedgerResponse
    finalists: LedgerResponse | None = None
    retraining: LedgerResponse
    rmse: RmseResponse | None = None


class RivalResponse(_Stored):
    """What else could have been used: a method of scikit-learn with its default settings."""

    name: Annotated[str, Field(examples=["svc"])]
    label: Annotated[str, Field(examples=["scikit-learn's SVC"])]
    test_accuracy: float | None = None
    test_score: float | None = None
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None = None
    validation_score: float | None = None
    floor: FloorTestResponse
    above_networks_p_value: float
    above_networks: Annotated[bool, Field(description="Whether it is shown to be better than every network")]
    fits: int
    seconds: Annotated[float, Field(description="CPU seconds of all fits")]
    rmse: RmseResponse | None = None


class SkippedRivalResponse(_Stored):
    """A method that was left out, and why."""

    name: str
    label: str
    reason: str


class ComparisonResponse(_Stored):
    """The evolved network less one rival, in test score, with a 95 % interval."""

    rival: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    conclusion: Literal["better", "worse", "no difference shown"]
    rmse: Annotated[RmseResponse | None, Field(description="The difference in errors: less is better")] = None


class FloorResponse(_Stored):
    """The most frequent answer of the training rows, or their mean, and its score on the test rows.

    Format 2 calls the score `share`.
    """

    answer: str
    share: float | None = None
    score: float | None = None
    rmse: float | None = None


class EnsembleResponse(_Stored):
    """The majority vote of the evolved network's trainings, or their mean, with a 95 % interval over rows."""

    members: int
    test_accuracy: float | None = None
    test_score: float | None = None
    low: float
    high: float
    rmse: RmseResponse | None = None


class FinalistResponse(_Stored):
    """One of a search's leaders on the finalists' seeds."""

    architecture: ArchitectureResponse
    search_score: float
    mean: float | None
    standard_error: float | None
    seeds: int
    failures: int


class FinalistRoundResponse(_Stored):
    """The finalists of one search, best first."""

    finder: str
    finalists: list[FinalistResponse]


class GroupResponse(_Stored):
    """Networks of one depth or band of neurons: mean search score with its 95 % interval over networks."""

    least: int
    most: int
    networks: int
    mean: float
    low: float | None
    high: float | None
    behind: Annotated[float | None, Field(description="Mean of the best group less this one's; null for the best")]
    behind_low: float | None
    behind_high: float | None
    adjusted_p_value: Annotated[float | None, Field(description="Welch's test, corrected by Holm over the groups")]


class AnswerResponse(_Stored):
    """How many layers, or how many neurons."""

    sentence: str
    groups: list[GroupResponse]


class ImportanceResponse(_Stored):
    """Shares of the variance of the score over the space that one property explains alone."""

    depth: float
    width: float
    activation: float
    fit_quality: Annotated[float, Field(description="Share of the variance of left-out networks that is predicted")]
    networks: int


class VerdictResponse(_Stored):
    """The whole comparison, and the paragraph that sums it up; format 1 has the fields up to `comparisons` only.

    A verdict on accuracy is told in format 2, on another metric in format 3.
    """

    format: int
    sentence: Annotated[str, Field(description="The first of the paragraph")]
    evolved: Annotated[str, Field(description="Name of the arm that is compared with the others")]
    test_rows: int
    arms: list[ArmResponse]
    comparisons: list[ComparisonResponse]
    paragraph: list[str] = []
    examples: str | None = None
    epochs: Annotated[int | None, Field(description="Length of each final training")] = None
    smallest: Annotated[str | None, Field(description="Arm of the smallest network within one standard error")] = None
    floor: FloorResponse | None = None
    rivals: list[RivalResponse] = []
    skipped: list[SkippedRivalResponse] = []
    ensemble: EnsembleResponse | None = None
    finalists: list[FinalistRoundResponse] = []
    layers: AnswerResponse | None = None
    neurons: AnswerResponse | None = None
    importance: ImportanceResponse | None = None
    importance_sentence: str | None = None
    task: Annotated[str | None, Field(description="In format 3: classification or regression")] = None
    metric: Annotated[str | None, Field(description="In format 3: what a score is", examples=["r2"])] = None
    target: Annotated[str | None, Field(description="What a regression predicts")] = None


@router.get(
    "/jobs/{job_id}/verdict",
    operation_id="get_verdict",
    summary="Read whether the search was worth it",
    response_model=VerdictResponse,
    responses={
        200: {"headers": ETAG_HEADER},
        **NOT_MODIFIED,
        **responses(JobNotFound, VerdictNotFound, JobNotFinished, Unprocessable, DatabaseUnavailable),
    },
)
def get_verdict(job_id: JobId, caller: CallerOf, database: DatabaseOf, if_none_match: IfNoneMatch = None) -> Response:
    """Answer with the stored verdict, or say why there is none."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)
    require_finished(job, "verdict")
    if job.verdict is None:
        raise VerdictNotFound(f"the job has {_ended(job.status)} without a verdict")
    return tagged(verdict_json(job.verdict), if_none_match)


def verdict_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Render a verdict as it was stored, without fields that its format does not have."""
    return VerdictResponse.model_validate(stored).model_dump(mode="json", exclude_unset=True)


def _ended(status: str) -> str:
    return "been cancelled" if status == "cancelled" else status
