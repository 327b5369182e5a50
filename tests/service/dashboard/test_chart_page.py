from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.charts.catalog import CHARTS
from service.store.database import Database
from tests.service.api.serving import serving
from tests.service.charts.samples import begin, many, record

pytestmark = pytest.mark.slow


@pytest.fixture
def browser(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path, database, root_path="/below") as running:
        yield running.client


def test_the_page_has_a_place_for_every_chart(browser: httpx.Client, database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(5))
    page = browser.get(f"/below/jobs/{lease.job_id}/charts")

    assert page.status_code == 200
    for name in CHARTS:
        attribute = "data-parallel" if name == "parallel" else "data-chart"
        assert f'{attribute}="/below/v1/jobs/{lease.job_id}/charts/{name}"' in page.text
    # There is one phase, so there is nothing to choose.
    assert 'aria-label="Whose candidates are shown"' not in page.text


def test_the_page_of_another_phase_asks_for_its_charts(browser: httpx.Client, database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(5))
    record(database, lease, many(3), "baseline")
    page = browser.get(f"/below/jobs/{lease.job_id}/charts?phase=baseline").text

    assert f'data-chart="/below/v1/jobs/{lease.job_id}/charts/workers?phase=baseline"' in page
    assert f'href="/below/v1/jobs/{lease.job_id}/charts/workers?format=csv&amp;phase=baseline"' in page
    assert '<a href="?phase=baseline" aria-current="true">' in page
    assert browser.get(f"/below/jobs/{lease.job_id}/charts?phase=none").status_code == 422
    assert browser.get("/below/jobs/0/charts").status_code == 404
