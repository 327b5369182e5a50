"""A report that lies in a file, opened from disk without a network, and its page in the service."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from service.access.caller import LOCAL_OWNER
from service.report.files import write_report
from service.store.database import Database
from tests.browser.pages import DESK, PHONE, Watched
from tests.service.api.serving import Running, serving
from tests.service.report.jobs import change, report_of
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>\u202egnp.exe"


@dataclass(frozen=True)
class Searched:
    """A service with a job that a runner has really run."""

    running: Running
    job_id: str
    document: dict[str, Any]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Searched]:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "cambrian.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    database = Database(url)
    job = execute(database, settings_for(url, folder), submit(database, name="digits"))

    assert job.status == "succeeded", job.error

    change(database, job.id, owner=LOCAL_OWNER)
    with serving(folder, database) as running:
        yield Searched(running, job.id, report_of(database, job.id))
    database.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[[bytes], Watched]]:
    """Open a file from disk in a browser that has no network."""
    context = browser.new_context(viewport=DESK)
    context.set_offline(True)
    watched: list[Watched] = []

    def open_file(content: bytes) -> Watched:
        path = tmp_path / "report.html"
        path.write_bytes(content)
        one = Watched(context.new_page(), "file://")
        one.page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("data:", "blob:", path.as_uri())) else one.faults.append(request.url)
            ),
        )
        watched.append(one)
        one.page.goto(path.as_uri())
        return one

    yield open_file
    context.close()
    for one in watched:
        one.check()


def _draw_all(page: Page, selector: str) -> int:
    """Bring every chart into view, and return how many were drawn."""
    figures = page.locator(selector)
    for place in range(figures.count()):
        figures.nth(place).scroll_into_view_if_needed()
        expect(figures.nth(place).locator("svg.main-svg").first).to_be_visible()
    return figures.count()


def test_a_file_from_disk_draws_its_charts_without_a_network(
    opened: Callable[[bytes], Watched], searched: Searched
) -> None:
    watched = opened(write_report(searched.document, "html"))
    page = watched.page

    expect(page.locator("p.sentence")).to_have_text(searched.document["verdict"]["sentence"])
    assert _draw_all(page, "figure[data-figure]") == len([one for one in searched.document["charts"] if one["rows"]])
    watched.check_axe()
    page.emulate_media(color_scheme="dark")
    expect(page.locator("svg.main-svg").first).to_be_visible()


def test_names_of_strangers_are_text(opened: Callable[[bytes], Watched], searched: Searched) -> None:
    document = json.loads(json.dumps(searched.document))
    document["job"]["name"] = HOSTILE
    document["dataset"] |= {"class_names": [HOSTILE] * 20, "title": "x" * 10_000}
    for chart in document["charts"]:
        chart["note"] = HOSTILE
        for trace in chart["figure"]["data"]:
            trace["name"] = HOSTILE
    watched = opened(write_report(document, "html"))

    expect(watched.page.locator("h1")).to_contain_text("</script><script>")
    assert "taken" in watched.page.title()
    assert watched.page.title() != "taken"
    assert watched.page.locator("img").count() == 0
    _draw_all(watched.page, "figure[data-figure]")
    watched.page.set_viewport_size(PHONE)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_javascript_the_numbers_are_there(browser: Browser, tmp_path: Path, searched: Searched) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(write_report(searched.document, "html"))
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("figure summary").first.click()

    expect(page.locator("figure table").first).to_be_visible()
    assert page.locator("figure .canvas").first.evaluate("element => element.clientHeight") == 0
    context.close()


def test_on_paper_it_is_white_and_whole(opened: Callable[[bytes], Watched], searched: Searched) -> None:
    page = opened(write_report(searched.document, "html")).page
    page.emulate_media(color_scheme="dark")
    pdf = page.pdf(format="A4")

    assert pdf.startswith(b"%PDF")
    # Before it prints, every chart is drawn, also those that were never in view.
    assert page.locator("figure.drawn").count() == page.locator("figure[data-figure]").count()


def test_the_page_shows_it_and_hands_out_the_files(visit: Callable[[str, str], Watched], searched: Searched) -> None:
    watched = visit(searched.running.url, f"/jobs/{searched.job_id}/report")
    page = watched.page

    expect(page.locator("p.sentence")).to_have_text(searched.document["verdict"]["sentence"])
    page.locator("figure[data-chart]").first.scroll_into_view_if_needed()
    expect(page.locator("figure[data-chart] svg.main-svg").first).to_be_visible()
    watched.check_axe()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as HTML").click()

    assert waiting.value.suggested_filename == f"cambrian-digits-{searched.job_id}.html"
    assert Path(waiting.value.path()).read_bytes() == write_report(searched.document, "html")
