"""Charts of a job: as tables, and as figures that Plotly draws."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.metrics import MetricName
from service.api.access import READ_OR_SUBMIT
from service.api.attachments import file_name
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfNoneMatch, matches
from service.api.problems import responses
from service.api.query import JobId
from service.charts.catalog import CHARTS
from service.charts.chart import ChartName
from service.charts.rendering import MEDIA_TYPES, ChartFormat, read_chart, render, tag
from service.charts.shelf import Shelf
from service.errors import DatabaseUnavailable, JobNotFound, Unprocessable
from service.store.database import Database
from service.store.entities import Job, Phase
from service.store.job_repository import JobRepository

router = APIRouter(tags=["charts"], dependencies=[READ_OR_SUBMIT])


class ChartLineResponse(BaseModel):
    """A chart that a job has."""

    name: ChartName
    title: str
    shows: Annotated[str, Field(description="What is to be seen, in a sentence")]


class ChartListResponse(BaseModel):
    """The charts of a job."""

    charts: list[ChartLineResponse]


class ChartColumnResponse(BaseModel):
    """A column of a chart's table."""

    name: str
    title: str
    unit: Annotated[str, Field(description="Empty for names and plain numbers; scores are shares of 1")]


Cell = str | int | float | bool | list[int] | None


class ChartResponse(BaseModel):
    """The numbers of a chart."""

    job_id: str
    phase: Phase
    chart: ChartName
    title: str
    summary: Annotated[str, Field(description="The main number, in a sentence")]
    note: Annotated[str, Field(description="Which candidates these are, where they are not all")]
    metric: Annotated[MetricName, Field(description="What a score is")]
    columns: list[ChartColumnResponse]
    rows: Annotated[list[list[Cell]], Field(description="One cell per column")]


async def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.chart_shelf
    return shelf


_FIGURE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A figure: `plotly.io.from_json` reads it",
    "properties": {"data": {"type": "array", "items": {"type": "object"}}, "layout": {"type": "object"}},
    "required": ["data", "layout"],
}


@router.get(
    "/jobs/{job_id}/charts",
    operation_id="list_charts",
    summary="List the charts of a job",
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def list_charts(job_id: JobId, caller: CallerOf, database: DatabaseOf) -> ChartListResponse:
    """Name the charts; every job has all of them, and before its first candidates they are empty."""
    _job(database, caller.owner, job_id)
    return ChartListResponse(
        charts=[ChartLineResponse(name=name, title=kind.title, shows=kind.shows) for name, kind in CHARTS.items()]
    )


@router.get(
    "/jobs/{job_id}/charts/{chart}",
    operation_id="get_chart",
    summary="Read a chart of a job",
    description=(
        "`json` and `csv`: its numbers. `plotly`: a figure. While the job runs: so far, a chart of many candidates up "
        "to eight seconds behind. Of more than 2,200 candidates most charts show a sample, and `note` says which."
    ),
    response_class=Response,
    responses={
        200: {
            "description": "The chart",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/ChartResponse"}},
                "text/csv": {"schema": {"type": "string"}},
                MEDIA_TYPES["plotly"]: {"schema": _FIGURE},
            },
            "headers": ETAG_HEADER,
        },
        **NOT_MODIFIED,
        **responses(JobNotFound, Unprocessable, DatabaseUnavailable),
    },
)
async def get_chart(
    job_id: JobId,
    chart: Annotated[ChartName, Path(description="Which chart")],
    caller: CallerOf,
    database: DatabaseOf,
    shelf: Annotated[Shelf, Depends(_shelf)],
    format: Annotated[ChartFormat, Query(description="What to write it as")] = "json",  # noqa: A002 - the word of the API
    phase: Annotated[Phase, Query(description="Whose candidates are shown")] = "search",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the chart, or with 304 where the client has this state of it."""
    job = await run_in_threadpool(_job, database, caller.owner, job_id)
    now = tag(job_id, phase, chart, format, job.event_count)
    if if_none_match is not None and matches(if_none_match, now):
        return _unchanged(now)

    def make() -> tuple[bytes, int]:
        made, events = read_chart(database, caller.owner, job_id, phase, chart)
        return render(made, format, job_id, phase), events

    made = await shelf.get((job_id, phase, chart, format), job.event_count, make, final=job.finished)
    shown = tag(job_id, phase, chart, format, made.events)
    if if_none_match is not None and matches(if_none_match, shown):
        return _unchanged(shown)
    headers = _headers(shown)
    if format == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{file_name(f"{job.name} {chart}", job_id, "csv")}"'
    return Response(made.content, media_type=MEDIA_TYPES[format], headers=headers)


def _job(database: Database, owner: str | None, job_id: str) -> Job:
    with database.read() as session:
        return JobRepository(session, owner).get(job_id)


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "no-cache"}


def _unchanged(etag: str) -> Response:
    return Response(status_code=304, headers=_headers(etag))
