"""Charts as programs ask for them."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import plotly.io
import pytest
from sqlalchemy import Engine, event

from service.charts.chart import CHART_NAMES
from service.client.client import Client
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, Running, pointers, problem_of
from tests.service.charts.samples import begin, chart_of, child, many, record, trained

pytestmark = pytest.mark.slow


@pytest.fixture
def lease(database: Database) -> Lease:
    taken = begin(database)
    record(database, taken, many(40))
    return taken


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_all_charts_are_listed(running: InProcess, lease: Lease) -> None:
    told = running.client.get(f"/v1/jobs/{lease.job_id}/charts").json()["charts"]

    assert [one["name"] for one in told] == list(CHART_NAMES)
    assert all(one["title"] and one["shows"] for one in told)


@pytest.mark.slow
def test_every_format_holds_the_same_numbers(running: InProcess, lease: Lease, database: Database) -> None:
    for name in CHART_NAMES:
        chart = chart_of(database, lease, name)
        address = f"/v1/jobs/{lease.job_id}/charts/{name}"
        table = running.client.get(address)
        text = running.client.get(address, params={"format": "csv"})
        figure = running.client.get(address, params={"format": "plotly"})

        assert table.headers["Content-Type"] == "application/json"
        assert text.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert figure.headers["Content-Type"] == "application/vnd.plotly.v1+json"
        told = table.json()
        assert told["rows"] == json.loads(json.dumps(chart.rows))
        assert (told["chart"], told["phase"], told["summary"]) == (name, "search", chart.summary)
        names = [column["name"] for column in told["columns"]]
        read = list(csv.DictReader(io.StringIO(text.text, newline="")))
        assert len(read) == len(chart.rows)
        for row, cells in zip(read, chart.rows, strict=True):
            assert list(row) == names
            for cell, written in zip(cells, row.values(), strict=True):
                if isinstance(cell, float):
                    assert float(written) == cell
        assert len(plotly.io.from_json(figure.text).data) == len(figure.json()["data"]) > 0


def test_a_file_has_a_name_that_tells_what_it_is(running: InProcess, lease: Lease) -> None:
    answer = running.client.get(f"/v1/jobs/{lease.job_id}/charts/best-so-far?format=csv")

    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="cambrian-job-best-so-far-{lease.job_id}.csv"'
    )


def test_who_has_a_chart_is_told_so_without_a_look_at_candidates(running: InProcess, lease: Lease) -> None:
    address = f"/v1/jobs/{lease.job_id}/charts/candidates"
    first = running.client.get(address)
    with statements() as seen:
        again = running.client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert not [statement for statement in seen if "candidates" in statement or "evaluations" in statement]


def test_a_chart_is_read_once_for_everybody(running: InProcess, lease: Lease) -> None:
    address = f"/v1/jobs/{lease.job_id}/charts/candidates"
    first = running.client.get(address)
    with statements() as seen:
        again = running.client.get(address)

    assert (again.status_code, again.content) == (200, first.content)
    assert not [statement for statement in seen if "candidates" in statement]


def test_formats_phases_and_states_have_tags_of_their_own(running: InProcess, lease: Lease, database: Database) -> None:
    address = f"/v1/jobs/{lease.job_id}/charts/generations"
    asked = ["", "?format=csv", "?format=plotly", "?phase=baseline"]
    tags = {running.client.get(address + query).headers["ETag"] for query in asked}

    assert len(tags) == 4

    record(database, lease, [trained(child(40), 0.99)])
    tag = running.client.get(f"/v1/jobs/{lease.job_id}/charts/workers").headers["ETag"]
    record(database, lease, [trained(child(41), 0.991)])
    # Another chart, so that how long the first one is shown does not matter.
    later = running.client.get(f"/v1/jobs/{lease.job_id}/charts/parallel")

    assert tag.split("-")[2] != later.headers["ETag"].split("-")[2]
    assert later.json()["rows"][-1][0] == 41


def test_a_finished_job_is_shown_as_it_ended(running: InProcess, lease: Lease, database: Database) -> None:
    address = f"/v1/jobs/{lease.job_id}/charts/best-so-far"
    running.client.get(address)
    record(database, lease, [trained(child(40), 0.99)])
    with database.write() as session:
        JobRepository(session).finish(lease, "cancelled")

    assert running.client.get(address).json()["rows"][-1][:3] == [40, 0.99, 0.99]


def test_what_cannot_be_asked_for(running: InProcess, lease: Lease) -> None:
    address = f"/v1/jobs/{lease.job_id}/charts"
    for path, pointer in (
        ("/pie", "chart"),
        ("/candidates?format=png", "?format"),
        ("/candidates?phase=none", "?phase"),
        ("/candidates?top=3", "?top"),
    ):
        body = problem_of(running.client.get(address + path), 422, "invalid-request")

        assert pointers(body) == [pointer], body
    for path in ("", "/candidates"):
        problem_of(running.client.get(f"/v1/jobs/0/charts{path}"), 404, "job-not-found")


def test_the_client_reads_charts(served: Running, lease: Lease) -> None:
    with Client(served.url) as client:
        assert [one["name"] for one in client.charts(lease.job_id)["charts"]] == list(CHART_NAMES)
        assert len(client.chart(lease.job_id, "calibration")["rows"]) > 10
        assert client.chart(lease.job_id, "candidates", phase="final")["rows"] == []
        figure = plotly.io.from_json(client.figure(lease.job_id, "best-so-far"))

        assert figure.layout.meta["summary"].startswith("The best validation accuracy is")


def test_a_notebook_needs_no_client(served: Running, lease: Lease) -> None:
    address = f"{served.url}/v1/jobs/{lease.job_id}/charts/parallel"
    figure = plotly.io.from_json(httpx.get(address, params={"format": "plotly"}, trust_env=False).text)

    assert figure.data[0].type == "parcoords"
    assert figure.data[0].dimensions[0].label == "Layers"
