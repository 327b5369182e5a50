"""Jobs side by side."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.store.database import Database
from tests.browser.jobs import Visit
from tests.service.api.serving import Running, serving
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow

NAME = "<script>alert(1)</script> <b>bold</b> " + "n" * 150


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Running]:
    database = Database(sqlite_url)
    with serving(tmp_path, database) as started:
        yield started
    database.close()


def test_two_jobs_stand_side_by_side(visit: Visit, running: Running, sqlite_url: str, tmp_path: Path) -> None:
    database: Database = running.server.config.app.state.database  # type: ignore[union-attr]
    first = submit(database, name=NAME)
    execute(database, settings_for(sqlite_url, tmp_path), first)
    second = submit(database, name="other", seed=7, budget={"evaluations": 9})
    watched = visit(running.url, f"/compare?job={first}&job={second}")
    page = watched.page

    differences = page.locator("section[aria-labelledby=differences]")
    expect(differences.locator("tbody th")).to_have_text(["seed", "budget.evaluations"])
    expect(differences.locator("tbody td")).to_have_text(["0", "7", "12", "9"])
    expect(page.locator(".card .network")).to_have_count(1)
    expect(page.locator(".card").nth(1)).to_contain_text("No candidate was scored yet.")
    # The name is text in the chart too, where markup would be obeyed.
    expect(page.locator("#chart-compared .legendtext").first).to_contain_text("<script>alert(1)</script>")
    watched.check_axe()


def test_without_two_jobs_the_page_says_what_to_choose(visit: Visit, running: Running) -> None:
    page = visit(running.url, "/compare").page

    expect(page.get_by_text("Choose two to four jobs")).to_be_visible()
