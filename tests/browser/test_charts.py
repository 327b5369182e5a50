"""Charts in a real browser: drawn, themed, brushed and extended by events."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from service.charts.catalog import CHARTS
from service.store.database import Database
from service.store.entities import Lease
from tests.browser.pages import PHONE, Watched
from tests.service.api.serving import serving
from tests.service.charts.samples import begin, child, many, record, trained

pytestmark = pytest.mark.slow

Visit = Callable[[str, str], Watched]


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    database: Database
    lease: Lease
    empty: Lease

    @property
    def path(self) -> str:
        return f"/below/jobs/{self.lease.job_id}/charts"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("charts")
    shutil.copyfile(sqlite_template, folder / "cambrian.db")
    database = Database(f"sqlite:///{folder / 'cambrian.db'}")
    lease = begin(database)
    record(database, lease, many(60))
    record(database, lease, many(5), "baseline")
    empty = begin(database)
    with serving(folder, database, root_path="/below") as running:
        yield Served(running.url, database, lease, empty)
    database.close()


def to(page: Page, name: str) -> Locator:
    """Bring a chart into view, and wait until it is drawn."""
    figure = page.locator(f"#chart-{name}")
    figure.scroll_into_view_if_needed()
    expect(figure.locator("svg").first).to_be_visible()
    return figure


def count(page: Page) -> int:
    told = page.locator(".matches").inner_text()
    match = re.match(r"(\d+) of (\d+) candidates match", told)

    assert match is not None, told

    return int(match[1])


def test_every_chart_draws(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    for name in CHARTS:
        figure = to(page, name)
        if name != "parallel":
            label = figure.locator(".canvas").get_attribute("aria-label")
            assert label is not None
            assert label.endswith(".")


def test_axe_finds_nothing(visit: Visit, served: Served) -> None:
    """In a phase with few candidates: axe looks at every point."""
    watched = visit(served.url, f"{served.path}?phase=baseline")
    page = watched.page
    for name in ("best-so-far", "candidates", "workers", "layers", "parallel"):
        to(page, name)
    # The numbers as a table, without a pointer.
    summary = page.locator("#chart-candidates summary")
    summary.focus()
    page.keyboard.press("Enter")
    link = page.locator("#chart-candidates details a").first
    expect(link).to_have_attribute("href", f"/below/jobs/{served.lease.job_id}/candidates/0?phase=baseline")
    page.locator("#chart-parallel summary").click()
    watched.check_axe()


def test_an_empty_job_says_what_is_missing(visit: Visit, served: Served) -> None:
    page = visit(served.url, f"/below/jobs/{served.empty.job_id}/charts").page
    expect(page.locator("#chart-best-so-far .note")).to_contain_text("No candidate has a score yet")
    page.locator("#chart-parallel").scroll_into_view_if_needed()
    expect(page.locator("#chart-parallel .note")).to_contain_text("No candidate has a score yet")

    assert page.locator("figure svg").count() == 0


def test_charts_follow_the_color_scheme(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    tick = to(page, "best-so-far").locator(".xtick text").first
    light = tick.evaluate("(text) => getComputedStyle(text).fill")
    line = page.locator("#chart-best-so-far .lines path.js-line").last
    blue = line.evaluate("(path) => getComputedStyle(path).stroke")
    page.emulate_media(color_scheme="dark")
    expect(tick).not_to_have_css("fill", light)
    expect(line).not_to_have_css("stroke", blue)
    page.emulate_media(color_scheme="light")
    expect(tick).to_have_css("fill", light)
    expect(line).to_have_css("stroke", blue)


def test_a_click_on_a_point_opens_its_candidate(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    page.route(
        "**/candidates/*", lambda route: route.fulfill(body="<title>candidate</title>", content_type="text/html")
    )
    figure = to(page, "generations")
    best = figure.locator(".point").first
    best.hover(force=True)
    box = best.bounding_box()

    assert box is not None

    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"**/below/jobs/{served.lease.job_id}/candidates/0")


def test_brushing_with_the_mouse(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    to(page, "parallel")
    everything = count(page)
    grip = page.locator('[data-axis="score"] .grip')
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()

    assert box is not None

    x, top, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, top + 0.05 * height)
    page.mouse.down()
    page.mouse.move(x, top + 0.3 * height, steps=4)
    page.mouse.up()
    kept = count(page)

    assert 0 < kept < everything
    expect(page.locator('[data-axis="score"] .brush')).to_be_visible()
    least = float(page.locator("#chart-parallel .fields fieldset").last.locator("input").first.input_value())
    shown = page.locator(".matching li").all_inner_texts()
    assert len(shown) == min(kept, 24)
    assert all(float(re.findall(r"([\d.]+) %", line)[-1]) >= least - 0.1 for line in shown)

    # Where an axis is only tapped, its limits go.
    page.mouse.click(x, top + 0.6 * height)

    assert count(page) == everything
    expect(page.locator('[data-axis="score"] .brush')).to_be_hidden()


def test_brushing_with_the_keyboard(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    to(page, "parallel")
    everything = count(page)
    page.locator("#chart-parallel summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    layers = page.get_by_role("group", name="Layers", exact=True)
    layers.get_by_label("at least").focus()
    page.keyboard.type("2")
    at_least = count(page)
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    exactly = count(page)

    assert 0 < exactly < at_least < everything
    assert all(line.count("relu") == 2 for line in page.locator(".matching li").all_inner_texts())

    page.get_by_role("group", name="Activation").locator("select").select_option("none")

    assert count(page) == 0

    page.get_by_role("button", name="Take all limits away").focus()
    page.keyboard.press("Enter")

    assert count(page) == everything
    assert layers.get_by_label("at least").input_value() == ""


def test_brushing_with_a_finger(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    page.set_viewport_size(PHONE)
    to(page, "parallel")
    everything = count(page)
    grip = page.locator('[data-axis="neurons"] .grip')
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()

    assert box is not None

    touch = page.context.new_cdp_session(page)
    x, low, high = box["x"] + box["width"] / 2, box["y"] + 0.9 * box["height"], box["y"] + 0.5 * box["height"]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": low}]})
    for share in (0.3, 0.7, 1.0):
        y = low + share * (high - low)
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    expect(page.locator('[data-axis="neurons"] .brush')).to_be_visible()
    assert 0 < count(page) < everything


def test_an_event_adds_a_point_without_a_request(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    best, sizes = to(page, "best-so-far"), to(page, "candidates")
    points = best.locator(".point").count() + sizes.locator(".point").count()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    event = {"phase": "search", "number": 60, "fitness": 0.99, "parameters": 500, "layers": 2}
    added = page.evaluate(
        """async (event) => {
            const charts = await import("/below/static/charts.js");
            const drawn = new Promise((resolve) => document.addEventListener("drawn", resolve, { once: true }));
            const added = ["best-so-far", "candidates", "workers"].map((name) => charts.append(name, event));
            added.push(charts.append("candidates", { ...event, phase: "final" }));
            await drawn;
            return added;
        }""",
        event,
    )

    assert added == [True, True, False, False]
    # A candidate and a step of the staircase; a candidate and, as the new best, a place on the front.
    expect(page.locator("#chart-best-so-far .legend, #chart-candidates .legend").first).to_be_visible()
    page.wait_for_function(
        "(before) => document.querySelectorAll('#chart-best-so-far .point, #chart-candidates .point').length > before",
        arg=points,
    )
    traces = page.evaluate(
        """() => document.querySelector("#chart-best-so-far .canvas").data
            .filter((trace) => trace.meta === "best").map((trace) => [trace.x.at(-1), trace.y.at(-1)])"""
    )

    assert traces == [[60, 0.99]]
    assert [address for address in asked if "/v1/" in address] == []


def test_changed_numbers_are_asked_for_again_and_unchanged_ones_cost_nothing(visit: Visit, served: Served) -> None:
    watched = visit(served.url, served.path)
    page = watched.page
    page.clock.install()
    page.reload()
    # The first one on the page: nothing that is drawn above it moves it out of sight.
    to(page, "best-so-far")
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if "/best-so-far" in answer.url else None)
    refresh = """async () => (await import("/below/static/charts.js")).refresh()"""
    page.evaluate(refresh)
    page.clock.run_for(25_000)

    assert answers == []

    with page.expect_response(re.compile("/best-so-far")):
        page.clock.run_for(10_000)
    assert answers == [304]

    record(served.database, served.lease, [trained(child(60, parents=(3,)), 0.995)])
    page.evaluate(refresh)
    with page.expect_response(re.compile("/best-so-far")):
        page.clock.run_for(35_000)
    page.wait_for_function("""() => document.querySelector("#chart-best-so-far .canvas").data[0].x.at(-1) === 60""")
    assert answers == [304, 200]
