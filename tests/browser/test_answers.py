"""The pages of answers and of candidates in a browser, on a job that has really run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.serving import serving
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script> " + "x" * 150


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[str, str]]:
    """Return the address of a server, and the id of a job that has ended."""
    folder = tmp_path_factory.mktemp("answers")
    file = folder / "cambrian.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    job_id = submit(database, name=HOSTILE, budget={"evaluations": 24})
    execute(database, settings_for(f"sqlite:///{file}", folder), job_id)
    with serving(folder, database, root_path="/below") as running:
        yield running.url, job_id
    database.close()


def see_all(page: Page) -> None:
    """Scroll through the page, so that everything is fetched that waits for being looked at."""
    for _ in range(40):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(30)
    page.wait_for_load_state("networkidle")


def test_the_answers_are_whole_and_accessible(visit: Callable[[str, str], Watched], job: tuple[str, str]) -> None:
    watched = visit(job[0], f"/below/jobs/{job[1]}/answers")
    page = watched.page
    see_all(page)

    expect(page.locator("#chart-layers .js-plotly-plot, #chart-layers .plotly").first).to_be_visible()
    expect(page.get_by_text("With half of the candidates (12 of 24")).to_be_visible()
    expect(page.get_by_role("table", name="Operators: their children")).to_be_visible()
    watched.check_axe()


def test_the_tree_leads_to_its_candidates_and_can_be_read_as_a_table(
    visit: Callable[[str, str], Watched], job: tuple[str, str]
) -> None:
    page = visit(job[0], f"/below/jobs/{job[1]}/answers").page
    links = page.locator("svg.tree a")
    addresses = [links.nth(place).get_attribute("href") for place in range(links.count())]

    assert addresses
    assert all(str(address).startswith(f"/below/jobs/{job[1]}/candidates/") for address in addresses)

    page.get_by_text("The same as a table").click()
    table = page.get_by_role("table", name="The network and its ancestors")
    expect(table).to_be_visible()
    assert table.locator("tbody tr").count() == len(addresses)


def test_the_film_plays_stops_and_steps_by_keyboard(visit: Callable[[str, str], Watched], job: tuple[str, str]) -> None:
    page = visit(job[0], f"/below/jobs/{job[1]}/answers").page
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.addEventListener('film:frame', (event) => (window.told ??= []).push(event.detail))")
    film = page.locator("[data-film]")
    slider = film.get_by_label("Moment")

    assert page.evaluate("window.told") is None

    film.get_by_label("Speed").select_option("fast")
    film.get_by_role("button", name="Play").press("Enter")
    expect(film.get_by_role("button", name="Stop")).to_be_visible()
    expect(film.locator(".frame[data-number='3']")).to_be_visible()
    slider.press(" ")
    expect(film.get_by_role("button", name="Play")).to_be_visible()
    slider.fill("5")
    slider.press("ArrowRight")

    expect(film.locator(".frame:visible")).to_have_count(1)
    expect(film.locator(".frame:visible")).to_have_attribute("data-number", "6")
    expect(film.locator(".best:visible")).to_have_count(1)
    expect(slider).to_have_attribute("aria-valuetext", "candidate 6")
    expect(film.locator(".strip circle:not(.future)")).to_have_count(7)
    told = page.evaluate("window.told")
    assert [one["tried"] for one in told[:3]] == [0, 1, 2]
    assert told[-1]["tried"] == 6
    assert str(told[-1]["number"]) == film.locator(".frame:visible").get_attribute("data-best")

    slider.press("End")
    film.get_by_role("button", name="Play").click()

    expect(film.get_by_role("button", name="Play")).to_be_visible(timeout=15_000)
    expect(film.locator(".frame:visible")).to_have_attribute("data-number", "23")


def test_a_film_that_cannot_be_fetched_says_so(visit: Callable[[str, str], Watched], job: tuple[str, str]) -> None:
    watched = visit(job[0], f"/below/jobs/{job[1]}/answers")
    page = watched.page
    page.route("**/answers/film", lambda route: route.abort())
    page.get_by_role("button", name="Play").click()

    expect(page.get_by_role("alert")).to_contain_text("could not be fetched")
    watched.forgive("net::ERR_FAILED")

    page.unroute("**/answers/film")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def test_candidates_are_filtered_by_the_form_and_the_list_is_in_the_address(
    visit: Callable[[str, str], Watched], job: tuple[str, str]
) -> None:
    watched = visit(job[0], f"/below/jobs/{job[1]}/candidates")
    page = watched.page
    page.get_by_label("Order").select_option("fitness")
    page.get_by_label("Layers").fill("many")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.get_by_label("Layers")).to_have_value("many")
    expect(page.get_by_text("must be a whole number from 0 to 1,000")).to_be_visible()
    watched.check_axe()

    page.get_by_label("Layers").fill("1")
    page.get_by_role("button", name="Show", exact=True).click()

    assert "layers=1" in page.url
    assert "sort=fitness" in page.url
    scores = page.locator("td[data-label=Accuracy]").all_inner_texts()
    values = [float(score.split()[0]) for score in scores]
    assert values == sorted(values, reverse=True)

    page.get_by_role("link", name="Verdict").click()
    expect(page.get_by_role("link", name="Verdict")).to_have_attribute("aria-current", "page")
    assert page.locator("tbody th").count() > 0
