"""The whole way in one visit: a job from the form to its deletion, with the real service, runner and Ray-free search.

Every page that is opened on the way is looked at by axe in the tests of that page; here it is the way that counts.
"""

import html
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import onnx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import Watched
from tests.service.cli.commands import environment, serving

pytestmark = pytest.mark.slow


def test_a_job_from_the_form_to_its_deletion(visit: Callable[[str, str], Watched], tmp_path: Path) -> None:
    env = environment(tmp_path / "data", CAMBRIAN_LOG_LEVEL="error", CAMBRIAN_REQUESTS_PER_MINUTE="6000")
    with serving(env) as service:
        watched = visit(service.url, "/")
        page = watched.page

        # Submit by the form.
        page.get_by_role("link", name="New job").first.click()
        page.get_by_label("Data set").select_option('"digits-16x16"')
        page.get_by_label("Name", exact=True).fill("The first <b>visit</b>")
        page.get_by_label("Networks to train").fill("32")
        page.get_by_text("Advanced").click()
        page.get_by_label("Compare with other methods").uncheck()
        page.get_by_label("Finalists", exact=True).fill("2")
        page.get_by_label("Fresh seeds per finalist").fill("2")
        page.get_by_role("button", name="Submit the job").click()
        expect(page.get_by_role("heading", name="The first <b>visit</b>")).to_be_visible()
        job = re.sub(r".*/jobs/", "", page.url)

        # Watch the best network change, on one and the same document.
        page.evaluate("window.untouched = true")
        network = page.locator("svg.network").first
        expect(network).to_be_visible(timeout=60_000)
        first = network.get_attribute("aria-label")
        expect(page.locator(f'svg.network:not([aria-label="{first}"])').first).to_be_visible(timeout=60_000)

        # Let it stand still, and go on.
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.locator(".status.paused")).to_be_visible(timeout=60_000)
        watched.check_axe()
        page.get_by_role("button", name="Resume", exact=True).click()
        expect(page.locator(".status.succeeded")).to_be_visible(timeout=180_000)

        assert page.evaluate("window.untouched") is True

        # Every view.
        for name in ("Answers", "Candidates", "Charts", "Try it", "Report", "Overview"):
            page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
            expect(page.locator(".tabs").get_by_role("link", name=name, exact=True)).to_have_attribute(
                "aria-current", "page"
            )
            expect(page.locator("main h2:visible").first).to_be_visible()
        page.goto(f"{service.url}/jobs/{job}/candidates/0")
        expect(page.get_by_text("to the last digit")).to_be_visible(timeout=60_000)

        # Draw a one, and be answered.
        page.goto(f"{service.url}/jobs/{job}/try")
        draw_a_one(page)
        expect(page.locator("#sentence")).to_contain_text("1")

        # Take it along.
        page.goto(f"{service.url}/jobs/{job}")
        with page.expect_download() as got:
            page.get_by_role("link", name="ONNX").click()
        onnx.checker.check_model(onnx.load(got.value.path()), full_check=True)
        page.locator(".tabs").get_by_role("link", name="Report", exact=True).click()
        with page.expect_download() as got:
            page.get_by_role("link", name="Download as HTML").click()
        sentence = httpx.get(f"{service.url}/v1/jobs/{job}/verdict").json()["sentence"]

        assert sentence[:40] in html.unescape(Path(got.value.path()).read_text(encoding="utf-8"))

        # Delete it.
        page.locator(".tabs").get_by_role("link", name="Overview", exact=True).click()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()

        assert httpx.get(f"{service.url}/v1/jobs/{job}").status_code == 404


def draw_a_one(page: Page) -> None:
    surface = page.locator("#canvas").bounding_box()

    assert surface is not None

    x, top, height = surface["x"] + surface["width"] / 2, surface["y"], surface["height"]
    page.mouse.move(x, top + 0.15 * height)
    page.mouse.down()
    page.mouse.move(x, top + 0.85 * height, steps=12)
    page.mouse.up()
