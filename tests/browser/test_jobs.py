"""The list of jobs: filters in the address, an update without a reload, and jobs that are chosen to be compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.store.database import Database
from service.store.job_control import JobControl
from service.store.job_details import change_details
from tests.browser.jobs import Visit
from tests.service.api.serving import Running, serving
from tests.service.runner.jobs import submit

pytestmark = pytest.mark.slow


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def running(database: Database, tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, database) as started:
        yield started


def test_an_empty_list_says_what_to_do_next(visit: Visit, running: Running) -> None:
    watched = visit(running.url, "/")

    expect(watched.page.get_by_role("link", name="Submit the first job")).to_be_visible()
    expect(watched.page.get_by_text("cambrian submit digits-16x16")).to_be_visible()
    watched.check_axe()


def test_jobs_are_filtered_updated_and_chosen(visit: Visit, running: Running, database: Database) -> None:
    first = submit(database, name="<b>first</b> " + "x" * 180)
    second = submit(database, name="second")
    other = submit(database, name="another")
    with database.write() as session:
        change_details(session, second, {"labels": ["thesis", "y" * 60]})
        JobControl(session).pause(other)
    watched = visit(running.url, "/")
    page = watched.page
    page.clock.install()
    page.reload()
    watched.check_axe()

    expect(page.locator("#jobs tbody tr")).to_have_count(3)

    page.get_by_label("Compare second").check()
    expect(page.get_by_role("button", name="Compare the chosen jobs")).to_be_disabled()
    submit(database, name="a fourth")
    # The table is asked for again after ten seconds; what was chosen stays chosen.
    page.clock.run_for(11_000)

    expect(page.locator("#jobs tbody tr")).to_have_count(4)
    expect(page.get_by_label("Compare second")).to_be_checked()

    page.get_by_label("Compare <b>first").check()
    page.get_by_role("button", name="Compare the chosen jobs").click()

    assert sorted(page.url.split("?")[1].split("&")) == sorted([f"job={first}", f"job={second}"])

    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_label("Status").select_option("paused")
    page.get_by_role("button", name="Show").click()

    assert "status=paused" in page.url
    expect(page.locator("#jobs tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="another")).to_be_visible()

    page.get_by_role("link", name="All jobs").click()

    expect(page.locator("#jobs tbody tr")).to_have_count(4)
