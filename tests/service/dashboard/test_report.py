"""The page of a report, as the browser gets it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.report.sections import sections
from service.store.database import Database
from tests.evolution.verdicts import arm, verdict_of
from tests.service.api.serving import serving
from tests.service.report.jobs import judged, report_of, searched
from tests.service.report.tables import html_tables

pytestmark = pytest.mark.slow


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def browser(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path, database, root_path="/below") as running:
        yield running.client


def test_the_page_has_the_tables_of_the_files_and_their_addresses(browser: httpx.Client, database: Database) -> None:
    job_id = judged(database, verdict_of(arm("evolution", 0.9), arm("hand_100", 0.8)).to_json())
    page = browser.get(f"/below/jobs/{job_id}/report")
    file = browser.get(f"/below/v1/jobs/{job_id}/report", params={"format": "html"})

    assert page.status_code == 200
    assert html_tables(page.text) == html_tables(file.text)
    for format_ in ("html", "markdown", "json"):
        assert f'href="/below/v1/jobs/{job_id}/report?format={format_}"' in page.text
    assert '<a href="/below/jobs/' + job_id + '/report" aria-current="page">Report</a>' in page.text


def test_a_job_on_its_way_has_a_page(browser: httpx.Client, database: Database) -> None:
    job_id = searched(database)
    page = browser.get(f"/below/jobs/{job_id}/report")

    assert page.status_code == 200
    assert "How far it has come" in page.text
    assert all(f'<h2 id="{part.name}">' in page.text for part in sections(report_of(database, job_id)))


def test_there_is_none_of_an_unknown_job(browser: httpx.Client) -> None:
    assert browser.get("/below/jobs/nothing/report").status_code == 404
