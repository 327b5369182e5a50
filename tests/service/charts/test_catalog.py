"""What holds for every chart, of jobs in every state, on both databases."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import plotly.graph_objects
import plotly.io
import pytest

from service.charts.catalog import CHARTS
from service.charts.chart import CHART_NAMES, Chart, ChartName, to_csv
from service.charts.figure import MARKS
from service.charts.rendering import render
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from tests.service.charts.samples import REGRESSION, begin, chart_of, child, many, propose, record, trained

pytestmark = pytest.mark.slow


def empty(database: Database) -> Lease:
    return begin(database)


def running(database: Database) -> Lease:
    lease = begin(database)
    record(database, lease, many(60))
    propose(database, lease, [child(60), child(61)])
    return lease


def all_failed(database: Database) -> Lease:
    lease = begin(database)
    record(database, lease, [trained(child(number), None) for number in range(5)])
    with database.write() as session:
        JobRepository(session).finish(lease, "failed", error="5 of 5 candidates failed")
    return lease


def regression(database: Database) -> Lease:
    lease = begin(database, REGRESSION)
    evaluations = [
        replace(one, fitness=None if one.fitness is None else 4 * one.fitness - 3.2) for one in many(40, seed=1)
    ]
    # A network that predicts nonsense has an R² far below all others.
    record(database, lease, [*evaluations[:-1], replace(evaluations[-1], fitness=-1e30, error=None)])
    return lease


def alike(database: Database) -> Lease:
    lease = begin(database)
    record(database, lease, [trained(child(number, 8), 1.0) for number in range(12)])
    return lease


STATES = [empty, running, all_failed, regression, alike]


def plain(chart: Chart) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(render(chart, "plotly", "job", "search"))
    return read


def colors(value: Any) -> set[str]:
    """Return the colors of a figure's marks."""
    if isinstance(value, dict):
        own = {value["color"]} if isinstance(value.get("color"), str) else set()
        return own.union(*(colors(item) for item in value.values()))
    return set().union(*map(colors, value)) if isinstance(value, list) else set()


def test_the_catalog_is_complete() -> None:
    assert tuple(CHARTS) == CHART_NAMES
    for kind in CHARTS.values():
        assert kind.shows.endswith(".")


@pytest.mark.parametrize("make", STATES)
def test_every_chart_of_a_job_in_any_state(database: Database, make: Callable[[Database], Lease]) -> None:
    lease = make(database)
    for name in CHART_NAMES:
        chart = chart_of(database, lease, name)
        drawn = plain(chart)

        assert chart.name == name
        assert chart.summary.endswith("."), (name, chart.summary)
        assert all(len(row) == len(chart.columns) for row in chart.rows), name
        assert len({column.name for column in chart.columns}) == len(chart.columns), name
        assert set(drawn) == {"data", "layout"}
        assert drawn["layout"]["meta"]["summary"] == chart.summary
        assert drawn["layout"]["meta"]["note"] == chart.note
        assert not drawn["data"] or chart.rows, name
        assert colors(drawn["data"]) <= set(MARKS), name
        assert to_csv(chart).count("\r\n") == len(chart.rows) + 1
        assert json.loads(render(chart, "json", "job", "search"))["rows"] == json.loads(json.dumps(chart.rows))
        # Raises ValueError for what Plotly does not know.
        assert len(plotly.graph_objects.Figure(drawn).data) == len(drawn["data"])


@pytest.mark.parametrize("make", [empty, all_failed])
def test_without_a_score_only_what_was_done_is_shown(database: Database, make: Callable[[Database], Lease]) -> None:
    lease = make(database)
    shown = {name for name in CHART_NAMES if chart_of(database, lease, name).rows}

    assert shown == (set() if make is empty else {"best-so-far", "workers", "operators"})


def test_a_running_job_has_something_in_every_chart(database: Database) -> None:
    lease = running(database)
    for name in CHART_NAMES:
        assert plain(chart_of(database, lease, name))["data"], name


def test_a_notebook_reads_a_figure(database: Database) -> None:
    lease = running(database)
    read = plotly.io.from_json(render(chart_of(database, lease, "candidates"), "plotly", "job", "search").decode())

    assert isinstance(read, plotly.graph_objects.Figure)
    assert [trace.name for trace in read.data] == ["candidate", "front", "best"]
    assert read.layout.xaxis.type == "log"


@pytest.mark.parametrize(
    "name", ["best-so-far", "candidates", "learning-curves", "workers", "calibration", "generations"]
)
def test_points_lead_to_their_candidates(database: Database, name: ChartName) -> None:
    lease = running(database)
    drawn = plain(chart_of(database, lease, name))

    assert drawn["layout"]["meta"]["links"] is True
    for trace in drawn["data"]:
        if trace.get("hoverinfo") != "skip":
            assert len(trace["customdata"]) == len(trace["x"]) == len(trace["y"])
            assert all(0 <= point[0] < 60 for point in trace["customdata"])


@pytest.mark.parametrize("name", [name for name in CHART_NAMES if name != "parallel"])
def test_what_a_page_draws_needs_no_webgl(database: Database, name: ChartName) -> None:
    lease = running(database)

    assert {trace["type"] for trace in plain(chart_of(database, lease, name))["data"]} <= {"scatter", "bar", "heatmap"}


def test_scores_of_a_regression_are_plain_numbers(database: Database) -> None:
    lease = regression(database)
    for name in ("best-so-far", "candidates", "learning-curves", "calibration", "generations"):
        chart = chart_of(database, lease, name)
        drawn = plain(chart)

        assert "R²" in chart.summary or name == "calibration"
        assert "%" not in drawn["layout"]["yaxis"]["tickformat"]
        assert drawn["layout"]["yaxis"]["title"] == {"text": "Validation R²"}
        assert {column.unit for column in chart.columns if column.name == "score"} == {""}
    chart = chart_of(database, lease, "candidates")

    assert "1 score lies below the picture" in chart.note
    assert min(chart.column("score")) == -1e30
    assert plain(chart)["layout"]["yaxis"]["range"][0] > -100


def test_shares_are_shares_in_tables_and_percent_in_pictures(database: Database) -> None:
    lease = running(database)
    chart = chart_of(database, lease, "candidates")

    assert all(0 <= score <= 1 for score in chart.column("score"))
    assert {column.unit for column in chart.columns if column.name == "score"} == {"share"}
    assert plain(chart)["layout"]["yaxis"]["tickformat"].endswith("%")
