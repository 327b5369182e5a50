"""A chart as bytes, and which state of its job they show."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final, Literal, assert_never

from service.charts.catalog import CHARTS
from service.charts.chart import Chart, ChartName, to_csv
from service.charts.source import ChartSource
from service.store.chart_rows import ChartRows
from service.store.database import Database
from service.store.entities import Phase
from service.store.insights import Insights

ChartFormat = Literal["json", "csv", "plotly"]

MEDIA_TYPES: Final[Mapping[ChartFormat, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    # As notebooks name it.
    "plotly": "application/vnd.plotly.v1+json",
}


def read_chart(database: Database, owner: str | None, job_id: str, phase: Phase, name: ChartName) -> tuple[Chart, int]:
    """Return a chart and how many events its job had by then. Raises JobNotFound."""
    with database.read() as session:
        summary = Insights(session, owner).summary(job_id)
        rows = ChartRows(session, job_id, phase, summary.progress(phase).proposed)
        return CHARTS[name].make(ChartSource(summary, phase, rows)), summary.job.event_count


def render(chart: Chart, format: ChartFormat, job_id: str, phase: Phase) -> bytes:  # noqa: A002 - the word of the API
    """Write a chart in one of the formats, as UTF-8."""
    match format:
        case "csv":
            return to_csv(chart).encode("utf-8")
        case "plotly":
            return _json(CHARTS[chart.name].draw(chart))
        case "json":
            return _json(table(chart, job_id, phase))
        case _:
            assert_never(format)


def table(chart: Chart, job_id: str, phase: Phase) -> dict[str, Any]:
    """Return a chart's table as plain JSON values."""
    return {
        "job_id": job_id,
        "phase": phase,
        "chart": chart.name,
        "title": chart.title,
        "summary": chart.summary,
        "note": chart.note,
        "metric": chart.metric,
        "columns": [{"name": one.name, "title": one.title, "unit": one.unit} for one in chart.columns],
        "rows": chart.rows,
    }


def tag(job_id: str, phase: Phase, name: ChartName, format: ChartFormat, events: int) -> str:  # noqa: A002
    """Return the ETag of a chart: a job's charts change with its events, and with the release that draws them."""
    return f'"{version("cambrian")}-{job_id}-{events}-{phase}-{name}-{format}"'


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
