"""The report of a job as one JSON document: all that is known of it, in the words of the API.

Its parts are the API's own answers, read in one transaction, so that no number of them can be another one than the API
gives. The HTML file, the Markdown file and the page are written from this document and from nothing else.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from core.architecture import Architecture
from evolution.errors import EvolutionError
from evolution.verdict import ArmVerdict, Verdict
from service.api.architectures import ArchitectureResponse
from service.api.candidates import CandidateResponse, candidate_response
from service.api.charts import ChartResponse
from service.api.datasets import DatasetLine, dataset_of_job
from service.api.etags import etag_of
from service.api.job_responses import PASSING, JobResponse, read_job
from service.api.lineages import RelativeResponse
from service.api.records import RecordResponse, read_record
from service.api.times import Utc, rfc3339
from service.api.verdicts import VerdictResponse, verdict_json
from service.charts.catalog import CHARTS
from service.charts.rendering import table
from service.charts.source import ChartSource
from service.store.candidate_list import CandidateFilter
from service.store.chart_rows import ChartRows
from service.store.entities import Phase, now
from service.store.failures import latest_failures
from service.store.insights import Insights, JobSummary
from service.store.lineage import ancestors
from service.store.winner import first_candidate_of

FORMAT: Final = 1
SHOWN_CANDIDATES: Final = 25

_PHASE: Final[Phase] = "search"


class ProductResponse(BaseModel):
    """What wrote the report."""

    name: Literal["cambrian"] = "cambrian"
    version: str


class RecommendedResponse(BaseModel):
    """A network that is recommended, with its score and that score's 95 % interval."""

    architecture: ArchitectureResponse
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    score: float
    low: float | None
    high: float | None
    rows: Annotated[Literal["test", "validation"], Field(description="What the score is of")]


class RecommendationsResponse(BaseModel):
    """The best network, and the smallest one within one standard error of it: the same where no smaller one is."""

    best: Annotated[
        RecommendedResponse | None, Field(description="Of the verdict; before there is one, the search's best so far")
    ]
    smallest: Annotated[RecommendedResponse | None, Field(description="null without a verdict that names it")]


class SpentResponse(BaseModel):
    """One line of the ledger: what a part of the work of an arm cost. Another method has fits and seconds only."""

    name: Annotated[str, Field(description="Of the arm or method; before there is a verdict, of the phase")]
    label: str
    part: Annotated[
        Literal["search", "finalists", "retraining", "total", "fits", "phase"],
        Field(description="`total` adds up the three parts of an arm, `phase` is all of a phase of an unfinished job"),
    ]
    evaluations: Annotated[int, Field(description="Trainings, or fits of another method")]
    epochs: int | None
    flops: float | None
    cpu_seconds: float


class FailureResponse(BaseModel):
    """A reason for which candidates failed, but for the numbers in it; the latest failures of a phase are looked at."""

    phase: Phase
    reason: str
    count: int
    first: Annotated[int, Field(description="Number of the first of them")]


class ReportChartResponse(ChartResponse):
    """A chart's numbers, and the figure that shows them."""

    figure: Annotated[dict[str, Any], Field(description="`plotly.io.from_json` reads it")]


class ReportResponse(BaseModel):
    """The report of a job."""

    format: Literal[1] = 1
    product: ProductResponse
    as_of: Annotated[Utc, Field(description="When the job had come to what is told: its end, or now")]
    job: JobResponse
    dataset: Annotated[DatasetLine | None, Field(description="null where it was deleted")]
    verdict: Annotated[VerdictResponse | None, Field(description="null until the job has succeeded")]
    recommended: RecommendationsResponse
    ledger: list[SpentResponse]
    leaders: Annotated[list[CandidateResponse], Field(description="The best candidates of the search, best first")]
    charts: Annotated[list[ReportChartResponse], Field(description="Those of the search, with figures for Plotly")]
    family: Annotated[list[RelativeResponse], Field(description="The recommended network and its ancestors")]
    family_complete: Annotated[bool, Field(description="false where the tree ended before its oldest ancestors")]
    failures: Annotated[list[FailureResponse], Field(description="The most frequent first")]
    record: RecordResponse


def read_report(session: Session, owner: str, job_id: str) -> dict[str, Any]:
    """Return the report of a job of the owner's as JSON values: see ReportResponse. Raises JobNotFound."""
    summary = Insights(session, owner).summary(job_id)
    job = summary.job
    verdict = _read(job.verdict)
    return {
        "format": FORMAT,
        "product": _json(ProductResponse(version=version("cambrian"))),
        "as_of": rfc3339(job.finished_at or now()),
        "job": _json(read_job(session, owner, job_id)),
        "dataset": _json(dataset_of_job(session, job)),
        "verdict": None if job.verdict is None else _stored(job.verdict),
        "recommended": _json(_recommended(summary, verdict)),
        "ledger": [_json(line) for line in (_spent(summary) if verdict is None else _ledger(verdict))],
        "leaders": [_json(candidate_response(line)) for line in _leaders(session, owner, job_id)],
        "charts": _charts(session, summary),
        **_family(session, summary, verdict),
        "failures": [
            _json(FailureResponse(phase=one.phase, reason=one.reason, count=one.count, first=min(one.numbers)))
            for one in latest_failures(session, job_id, [phase.phase for phase in summary.phases if phase.failed])
        ],
        "record": _json(read_record(session, owner, job_id)),
    }


def report_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the document as it is downloaded: the same bytes for the same values."""
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def report_sha256(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the document as it is downloaded, in hex; the other formats name it."""
    return hashlib.sha256(report_bytes(document)).hexdigest()


def report_etag(document: Mapping[str, Any], format: str) -> str:  # noqa: A002 - the word of the API
    """Return the tag of the report in one format; the passing of time alone does not change it."""
    lasting = {name: value for name, value in document["job"].items() if name not in PASSING}
    return etag_of({**document, "job": lasting, "written_as": format}, ("as_of",))


def verdict_of(document: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict of a report; None where there is none, or one that a newer release wrote."""
    return _read(document["verdict"])


def _json(value: BaseModel | None) -> Any:
    return None if value is None else value.model_dump(mode="json")


def _stored(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verdict as the API tells it; one of a newer release as it was stored."""
    try:
        return verdict_json(verdict)
    except ValidationError:
        return dict(verdict)


def _read(stored: Mapping[str, Any] | None) -> Verdict | None:
    try:
        return None if stored is None else Verdict.from_json(stored)
    except (EvolutionError, ValueError):
        return None


def _recommended(summary: JobSummary, verdict: Verdict | None) -> RecommendationsResponse:
    if verdict is not None:
        best, smallest = verdict.arm(verdict.evolved), verdict.smallest and verdict.arm(verdict.smallest)
        return RecommendationsResponse(
            best=None if best is None else _of_arm(best), smallest=_of_arm(smallest) if smallest else None
        )
    found = summary.best
    if found is None:
        return RecommendationsResponse(best=None, smallest=None)
    best_so_far = _network(found.architecture, found.fitness, None, None, "validation")
    return RecommendationsResponse(best=best_so_far, smallest=None)


def _of_arm(arm: ArmVerdict) -> RecommendedResponse:
    return _network(arm.architecture, arm.test_score, arm.test_low, arm.test_high, "test")


def _network(
    architecture: Architecture,
    score: float,
    low: float | None,
    high: float | None,
    rows: Literal["test", "validation"],
) -> RecommendedResponse:
    return RecommendedResponse(
        architecture=ArchitectureResponse.of(architecture),
        description=architecture.describe(),
        parameters=architecture.parameter_count,
        score=score,
        low=low,
        high=high,
        rows=rows,
    )


def _ledger(verdict: Verdict) -> list[SpentResponse]:
    found = []
    for arm in verdict.arms:
        entries = {"search": arm.search, "finalists": arm.finalists, "retraining": arm.retraining}
        entries = {part: entry for part, entry in entries.items() if entry.evaluations}
        for part, entry in (*entries.items(), ("total", arm.search + arm.finalists + arm.retraining)):
            found.append(
                SpentResponse.model_validate(
                    {
                        "name": arm.name,
                        "label": arm.label,
                        "part": part,
                        "evaluations": entry.evaluations,
                        "epochs": entry.epochs,
                        "flops": entry.flops,
                        "cpu_seconds": entry.seconds,
                    }
                )
            )
    found += [
        SpentResponse(
            name=one.name,
            label=one.label,
            part="fits",
            evaluations=one.fits,
            epochs=None,
            flops=None,
            cpu_seconds=one.seconds,
        )
        for one in verdict.rivals
    ]
    return found


def _spent(summary: JobSummary) -> list[SpentResponse]:
    return [
        SpentResponse(
            name=phase.phase,
            label=phase.phase,
            part="phase",
            evaluations=phase.evaluated + phase.failed,
            epochs=phase.epochs,
            flops=phase.flops,
            cpu_seconds=phase.seconds,
        )
        for phase in summary.phases
    ]


def _charts(session: Session, summary: JobSummary) -> list[dict[str, Any]]:
    rows = ChartRows(session, summary.job.id, _PHASE, summary.progress(_PHASE).proposed)
    source = ChartSource(summary, _PHASE, rows)
    found = []
    for kind in CHARTS.values():
        # A verdict that a newer release wrote cannot be drawn.
        with suppress(EvolutionError):
            chart = kind.make(source)
            told = {**table(chart, summary.job.id, _PHASE), "figure": kind.draw(chart)}
            # With tuples as the lists that they become, so that the document is what its bytes say.
            found.append(json.loads(json.dumps(told, allow_nan=False)))
    return found


def _leaders(session: Session, owner: str, job_id: str) -> Any:
    wanted = CandidateFilter(status="evaluated")
    return Insights(session, owner).candidates(job_id, page_size=SHOWN_CANDIDATES, sort="fitness", wanted=wanted).lines


def _family(session: Session, summary: JobSummary, verdict: Verdict | None) -> dict[str, Any]:
    """Return the line of the recommended network: of the first candidate that had it."""
    best = summary.best
    number = None if best is None else best.number
    arm = None if verdict is None else verdict.arm(verdict.evolved)
    if arm is not None:
        first = first_candidate_of(session, summary.job.id, arm.architecture)
        number = number if first is None else first
    if number is None:
        return {"family": [], "family_complete": True}
    family, complete = ancestors(session, summary.job.id, number)
    return {"family": [_json(RelativeResponse.of(one)) for one in family], "family_complete": complete}
