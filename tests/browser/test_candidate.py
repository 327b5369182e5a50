"""The page of a candidate: what is stored of it at once, and then what its examination finds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.serving import serving
from tests.service.examination.searches import Searched, lay_out, searched

pytestmark = pytest.mark.slow

Visit = Callable[[str, str], Watched]


@dataclass(frozen=True)
class Served:
    """A service with jobs."""

    url: str
    digits: Searched
    diabetes: Searched
    failed: Searched


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("candidates")
    database = Database(f"sqlite:///{folder / 'cambrian.db'}")
    database.upgrade()
    lay_out(folder)
    jobs = (searched(database, "digits-8x8"), searched(database, "diabetes"), searched(database, failed=True))
    with serving(folder, database) as running:
        yield Served(running.url, *jobs)
    database.close()


def test_a_candidate_is_shown_and_then_examined(visit: Visit, served: Served) -> None:
    watched = visit(served.url, f"/jobs/{served.digits.id}/candidates/2")
    page = watched.page

    expect(page.get_by_role("heading", name="Candidate 2: 64-[16 relu, 8 relu]-10")).to_be_visible()
    expect(page.get_by_role("list", name="Parents").get_by_role("link")).to_have_text(["0", "1"])
    expect(page.get_by_role("list", name="Children").get_by_role("link")).to_have_text(["3"])
    page.locator("#curves").scroll_into_view_if_needed()
    expect(page.locator("#curves .canvas svg").first).to_be_visible(timeout=20_000)

    expect(page.get_by_text("Trained again just now: the same score to the last digit")).to_be_visible(timeout=60_000)
    score = served.digits.evaluations[2].fitness
    assert score is not None
    expect(page.get_by_text(f"{round(score * 355)} of 355 validation rows are answered correctly")).to_be_visible()
    matrix = page.get_by_role("region", name="Confusion matrix")
    shown = sum(int(text) for text in matrix.locator("td.right").all_inner_texts() if text.isdigit())
    assert shown == round(score * 355)
    expect(page.get_by_role("list", name="Its worst errors").get_by_role("img").first).to_be_visible()
    expect(page.get_by_role("heading", name="What its first layer looks for")).to_be_visible()
    # The pictures are there, and not of one color.
    assert page.evaluate(
        """() => [...document.querySelectorAll('canvas.pixels')].every((canvas) => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return new Set(data).size > 3;
        })"""
    )
    watched.check_axe()


def test_what_was_found_can_be_downloaded(visit: Visit, served: Served, tmp_path: Path) -> None:
    page = visit(served.url, f"/jobs/{served.digits.id}/candidates/2").page

    with page.expect_download() as download:
        page.get_by_role("link", name="Every answer (CSV)").click(timeout=60_000)

    file = tmp_path / "answers.csv"
    download.value.save_as(file)
    assert len(file.read_text(encoding="utf-8").splitlines()) == 356


def test_a_regression_is_shown_by_its_numbers(visit: Visit, served: Served) -> None:
    watched = visit(served.url, f"/jobs/{served.diabetes.id}/candidates/1")
    page = watched.page

    expect(page.get_by_role("heading", name="Predicted against true")).to_be_visible(timeout=60_000)
    expect(page.locator("svg.scatter .dot")).to_have_count(82)
    expect(page.get_by_role("region", name="The rows whose value it missed by most")).to_be_visible()
    watched.check_axe()


def test_one_that_failed_says_why_and_what_helps(visit: Visit, served: Served) -> None:
    watched = visit(served.url, f"/jobs/{served.failed.id}/candidates/4")

    expect(watched.page.get_by_role("note")).to_contain_text("diverged in epoch 2")
    expect(watched.page.get_by_role("note")).to_contain_text("training.learning_rate")
    expect(watched.page.locator("#examination")).to_have_count(0)
    watched.check_axe()


def test_a_failed_examination_is_a_sentence_and_a_button(visit: Visit, served: Served) -> None:
    watched = visit(served.url, "/")
    page = watched.page
    headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
    problem = '{"code": "examination-failed", "detail": "the process was killed", "status": 503}'
    page.route(
        re.compile(r"/candidates/1/examination"), lambda route: route.fulfill(status=503, headers=headers, body=problem)
    )
    page.goto(f"{served.url}/jobs/{served.digits.id}/candidates/1")

    expect(page.get_by_text("The process was killed. It can be tried again in 1 s.")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Trained again just now")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    # Chromium reports every answer of 503, and this one was to be seen.
    watched.forgive("503")
