"""The page of a job: what it shows while the job runs, what a user does to it there, and what it shows at last."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_control import JobControl
from service.store.job_details import change_details
from service.store.job_repository import JobRepository
from tests.browser.jobs import Visit, working
from tests.service.api.serving import Running, serving
from tests.service.runner.jobs import execute, get, settings_for, submit
from tests.service.store.samples import candidate, claim, evaluation

pytestmark = pytest.mark.slow

OFFLINE_SECONDS = float(os.environ.get("CAMBRIAN_TEST_OFFLINE_SECONDS", "1"))
"""How long the service is away, and the network; set by whoever wants to see a longer absence."""

LONG: dict[str, Any] = {"budget": {"evaluations": 3000}, "training": {"epochs": 8}}


@dataclass(frozen=True)
class Place:
    database: Database
    settings: Settings
    running: Running
    finished: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server, and a job that has ended."""
    folder = tmp_path_factory.mktemp("job")
    settings = settings_for(f"sqlite:///{folder / 'cambrian.db'}", folder)
    database = Database(settings.database_url)
    database.upgrade()
    job_id = submit(database, name="<b>the first</b> " + "long " * 30)
    execute(database, settings, job_id)
    with database.write() as session:
        change_details(session, job_id, {"labels": ["\u202ethesis", "x" * 60], "notes": "<script>1</script> " * 500})
    with serving(folder, database) as running:
        yield Place(database, settings, running, job_id)
    database.close()


def live(page: Page, name: str) -> str:
    return page.locator("#live").get_attribute(f"data-{name}") or ""


def mark(page: Page) -> None:
    page.evaluate("window.marked = true")


def not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.marked === true"))


def test_the_page_follows_a_search_and_a_user_steers_it(visit: Visit, place: Place) -> None:
    job_id = submit(place.database, name="followed", **LONG)
    watched = visit(place.running.url, f"/jobs/{job_id}")
    page = watched.page
    mark(page)

    expect(page.get_by_text("Waiting for the first candidate")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("live")

    with working(place.database, place.settings):
        # The drawing is there, and then another one is, when a better network was found.
        expect(page.locator("#best .network")).to_be_visible()
        first = live(page, "best")
        drawn = page.locator("#best .network").get_attribute("aria-label") or ""
        expect(page.locator(f"#live:not([data-best='{first}'])")).to_be_visible(timeout=20_000)
        expect(page.locator(f"#best .network:not([aria-label='{drawn}'])")).to_be_visible(timeout=20_000)
        expect(page.locator("#status")).to_have_text("running")

        page.get_by_role("button", name="Raise the budget").click()
        amount = page.get_by_label("Evaluations in all")
        amount.fill("2")
        page.get_by_role("button", name="Raise", exact=True).click()

        expect(page.locator("#raise .trouble")).not_to_be_empty()

        watched.forgive("422")
        amount.fill("3500")
        page.get_by_role("button", name="Raise", exact=True).click()

        expect(page.locator("#spent")).to_contain_text("of 3,500 evaluations")

        page.get_by_role("button", name="Pause").click()

        expect(page.locator("#status")).to_have_text("paused")
        expect(page.get_by_role("button", name="Pause")).to_be_hidden()

        page.get_by_role("button", name="Resume").click()

        expect(page.locator("#status")).to_have_text("running")

        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("button", name="Cancel the job").click()

        expect(page.locator("#status")).to_have_text("cancelled")
        expect(page.locator("#connection")).to_have_text("ended")

    assert get(place.database, job_id).event_count == int(live(page, "sequence"))
    assert live(page, "gaps") == "0"
    assert not_reloaded(page)

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()

    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_text("followed")).to_have_count(0)

    # A chart may have been asked for while the job was deleted.
    watched.forgive("404")


def test_a_page_catches_up_after_a_restart_and_after_a_cut_network(visit: Visit, place: Place, tmp_path: Path) -> None:
    job_id = submit(place.database, name="restarted")
    lease = claim(place.database)
    assert lease is not None
    candidates = [candidate(number, 4 + number) for number in range(12)]

    def evaluate(first: int, last: int) -> None:
        for one in candidates[first:last]:
            with place.database.write() as session:
                CandidateRepository(session).record(lease, "search", [one], [evaluation(one, one.number / 20)])

    with serving(tmp_path, place.database) as before:
        port, url = before.port, before.url
        watched = visit(url, f"/jobs/{job_id}")
        page = watched.page
        mark(page)
        evaluate(0, 3)

        expect(page.locator("#evaluated")).to_have_text("3")

    expect(page.locator("#connection")).to_contain_text("the service cannot be reached")
    evaluate(3, 6)
    time.sleep(OFFLINE_SECONDS)
    with serving(tmp_path, place.database, port=port):
        expect(page.locator("#connection")).to_have_text("live", timeout=15_000)
        expect(page.locator("#evaluated")).to_have_text("6")
        expect(page.locator("#best .facts")).to_contain_text("[9 relu]", timeout=15_000)

        page.context.set_offline(True)
        expect(page.locator("#connection")).to_contain_text("the service cannot be reached")
        evaluate(6, 9)
        time.sleep(OFFLINE_SECONDS)
        page.context.set_offline(False)

        expect(page.locator("#connection")).to_have_text("live", timeout=15_000)
        expect(page.locator("#evaluated")).to_have_text("9")

        evaluate(9, 12)
        with place.database.write() as session:
            JobRepository(session).request_cancel(job_id)
        with place.database.write() as session:
            JobRepository(session).finish(lease, "cancelled")

        expect(page.locator("#connection")).to_have_text("ended")
        expect(page.locator("#evaluated")).to_have_text("12")
        expect(page.locator(".latest li")).to_have_count(8)

        assert int(live(page, "sequence")) == get(place.database, job_id).event_count
        assert live(page, "gaps") == "0"
        assert not_reloaded(page)
        # It would miss the service, which ends now.
        page.close()
    # Both absences were meant.
    for refused in ("ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE_CHUNKED_ENCODING"):
        watched.forgive(refused)


def test_a_page_whose_job_is_deleted_elsewhere_says_so(visit: Visit, place: Place) -> None:
    job_id = submit(place.database, name="deleted elsewhere")
    watched = visit(place.running.url, f"/jobs/{job_id}")
    page = watched.page
    expect(page.locator("#connection")).to_have_text("live")
    with place.database.write() as session:
        JobControl(session).delete(job_id)

    expect(page.locator("#connection")).to_have_text("this job was deleted")

    # A chart may have been asked for meanwhile.
    watched.forgive("404")


def test_a_stream_that_is_refused_is_asked_for_again(visit: Visit, place: Place) -> None:
    job_id = submit(place.database, name="behind a proxy")
    with place.database.write() as session:
        JobControl(session).pause(job_id)
    watched = visit(place.running.url, f"/jobs/{job_id}")
    page = watched.page
    expect(page.locator("#connection")).to_have_text("live")
    # EventSource itself gives up for ever at such an answer.
    page.route("**/events?*", lambda route: route.fulfill(status=502, body="no"))
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("#connection")).to_contain_text("the service cannot be reached")

    page.unroute("**/events?*")

    expect(page.locator("#connection")).to_have_text("live", timeout=15_000)

    watched.forgive("502")


def test_a_page_that_nobody_looks_at_gives_its_connection_back(
    visit: Visit, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(place.database, name="in a tab behind others")
    watched = visit(place.running.url, f"/jobs/{job_id}")
    page = watched.page
    page.clock.install()
    page.reload()
    expect(page.locator("#connection")).to_have_text("live")
    feed = place.running.server.config.app.state.event_feed  # type: ignore[union-attr]
    monkeypatch.setattr(feed, "keep_alive_seconds", 0.1)

    def look(hidden: str) -> None:
        page.evaluate(f"Object.defineProperty(document, 'hidden', {{ configurable: true, value: {hidden} }})")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    look("true")
    page.clock.run_for(21_000)
    deadline = time.monotonic() + 10
    while feed.streams and time.monotonic() < deadline:
        time.sleep(0.02)

    assert feed.streams == 0

    with place.database.write() as session:
        JobControl(session).pause(job_id)
    look("false")

    expect(page.locator("#status")).to_have_text("paused")
    assert live(page, "gaps") == "0"


def test_a_finished_job_begins_with_its_verdict(visit: Visit, place: Place) -> None:
    watched = visit(place.running.url, f"/jobs/{place.finished}")
    page = watched.page
    job = get(place.database, place.finished)
    assert job.verdict is not None

    assert page.get_by_role("heading", level=2).first.inner_text() == "Was it worth it?"
    expect(page.locator(".sentence")).to_have_text(" ".join(job.verdict["paragraph"]))
    expect(page.locator("#outcome .network").first).to_be_visible()
    for name in ("See the answers", "Try it", "Report"):
        expect(page.locator("#outcome").get_by_role("link", name=name)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="ONNX").click()
    assert download.value.suggested_filename.endswith(".onnx")
    watched.check_axe()


def test_names_labels_and_notes_are_written_on_the_page(visit: Visit, place: Place) -> None:
    watched = visit(place.running.url, f"/jobs/{place.finished}")
    page = watched.page
    page.get_by_role("button", name="Edit name, labels, notes").click()
    page.get_by_role("textbox", name="Name").fill("<i>another</i> name")
    page.get_by_role("textbox", name="Labels").fill("thesis, chapter 3,")
    page.get_by_role("textbox", name="Notes").fill("Two\nlines")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("h1")).to_have_text("<i>another</i> name")
    expect(page.locator("#labels .label")).to_have_text(["chapter 3", "thesis"])
    expect(page.locator(".notes")).to_have_text("Two\nlines")

    page.get_by_role("button", name="Archive").click()

    expect(page.get_by_text("This job is in the archive")).to_be_visible()

    page.get_by_role("button", name="Take out of the archive").click()

    expect(page.get_by_text("This job is in the archive")).to_be_hidden()
    assert get(place.database, place.finished).name == "<i>another</i> name"
