"""The playground: maps of two features, from the first improvement to the best."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, expect

from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.serving import problem_of, serving
from tests.service.examination.searches import Searched, lay_out, searched

pytestmark = pytest.mark.slow

Visit = Callable[[str, str], Watched]


@dataclass(frozen=True)
class Served:
    """A service with a job on the spirals, and one on more features."""

    url: str
    spirals: Searched
    iris: Searched

    @property
    def path(self) -> str:
        return f"/jobs/{self.spirals.id}/playground"

    @property
    def improvements(self) -> list[int]:
        """The candidates that were each better than all before."""
        found, best = [], -1.0
        for one in self.spirals.evaluations:
            if one.fitness is not None and one.fitness > best:
                found.append(one.candidate.number)
                best = one.fitness
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("playground")
    database = Database(f"sqlite:///{folder / 'cambrian.db'}")
    database.upgrade()
    lay_out(folder)
    jobs = (searched(database, "spirals", failed=True), searched(database, "iris"))
    with serving(folder, database) as running:
        yield Served(running.url, *jobs)
    database.close()


def colors(page: Page) -> int:
    """Count the colors of the map."""
    found: int = page.evaluate(
        """() => {
            const canvas = document.querySelector('#plane canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4) seen.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`);
            return seen.size;
        }"""
    )
    return found


def test_the_best_is_shown_first_and_any_other_by_its_number(visit: Visit, served: Served) -> None:
    watched = visit(served.url, served.path)
    page = watched.page
    best = served.improvements[-1]

    expect(page.get_by_role("img", name=f"Plane of x and y, candidate {best}.")).to_be_visible(timeout=60_000)
    assert colors(page) > 50
    expect(page.locator("#drawing")).to_contain_text(f"Candidate {best}")
    expect(page.get_by_role("region", name="Right answers by class").get_by_role("row")).to_have_count(3)
    expect(page.locator("#legend")).to_contain_text("first")
    watched.check_axe()

    page.get_by_label("Any candidate").fill("0")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("img", name="Plane of x and y, candidate 0.")).to_be_visible(timeout=60_000)
    expect(page.locator("#drawing")).to_contain_text("Candidate 0")


def test_one_that_failed_says_so(visit: Visit, served: Served) -> None:
    watched = visit(served.url, served.path)

    watched.page.get_by_label("Any candidate").fill("4")
    watched.page.get_by_role("button", name="Show").click()

    expect(watched.page.locator("#progress")).to_contain_text("Candidate 4 cannot be shown: candidate 4 failed")
    # Chromium reports every answer of 409, and this one was to be seen.
    watched.forgive("409")


def test_the_film_goes_by_keyboard_and_plays(visit: Visit, served: Served) -> None:
    page = visit(served.url, served.path).page
    first, last = served.improvements[0], served.improvements[-1]
    assert first != last
    slider = page.get_by_role("slider")

    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("img", name=f"candidate {first}.")).to_be_visible(timeout=60_000)
    expect(slider).to_have_attribute("aria-valuetext", f"1 of {len(served.improvements)}: candidate {first}")

    page.get_by_role("button", name="Play").press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_role("img", name=f"candidate {last}.")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(slider).to_have_value(str(len(served.improvements)))


def test_only_two_features_have_a_playground(visit: Visit, served: Served) -> None:
    page = visit(served.url, f"/jobs/{served.iris.id}/candidates/0").page

    expect(page.get_by_role("navigation", name="Pages of this job")).to_be_visible()
    expect(page.get_by_role("link", name="Playground")).to_have_count(0)


def test_the_address_of_another_job_says_why_it_is_empty(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        answer = client.get(f"/jobs/{served.iris.id}/playground", headers={"Accept": "application/json"})

    assert "two features" in problem_of(answer, 404, "not-found")["detail"]
