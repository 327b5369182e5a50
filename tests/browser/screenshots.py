"""`make screenshots`: every page of a real service in a real Chromium, as docs/screenshots shows it.

Jobs run first, small ones: a page is to be looked at, not a result. What a picture shows is what the service answered.
"""

import argparse
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.pages import DESK, PHONE, Scheme, Watched, chromium
from tests.service.cli.commands import environment, serving

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
SEARCHES: Final[dict[str, dict[str, Any]]] = {
    "digits": {
        "dataset": "digits-16x16",
        "name": "Which network reads handwritten digits best?",
        "budget": {"evaluations": 64},
        "labels": ["textbook"],
    },
    "spirals": {
        "dataset": "spirals",
        "name": "Two spirals",
        "budget": {"evaluations": 40},
        "training": {"epochs": 60},
        "verdict": {"rivals": False},
    },
    "numbers": {"dataset": "diabetes", "name": "How does diabetes go on?", "budget": {"evaluations": 24}},
    "small": {
        "dataset": "digits-16x16",
        "name": "As small as can be",
        "strategy": "nsga2",
        "objectives": ["score", "parameters"],
        "budget": {"evaluations": 48},
        "verdict": {"rivals": False},
    },
}
RUNNING: Final[dict[str, Any]] = {
    "dataset": "digits-16x16",
    "name": "A search that goes on",
    "budget": {"evaluations": 4_000},
    "training": {"epochs": 12},
}
COLORS: Final = 96
ROASTS: Final = ("light", "medium", "dark")


def table() -> str:
    """Return a table of a user's own: beans by roast and altitude, with an identifier and a few missing cells."""
    lines = ["id,roast,altitude,moisture,taste"]
    for row in range(240):
        roast, altitude = ROASTS[row % 3], 900 + row * 37 % 900
        moisture = "" if row % 17 == 0 else str(row * 13 % 11)
        taste = "good" if (altitude > 1350) != (roast == "dark") else "plain"
        lines.append(f"{row},{roast},{altitude},{moisture},{taste}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name, the path of the page, and how it is looked at."""

    name: str
    path: str
    scheme: Scheme = "light"
    phone: bool = False


def shots(jobs: dict[str, str]) -> list[Shot]:
    """Return what is to be taken, of the jobs of these names."""
    digits, spirals, small = (f"/jobs/{jobs[name]}" for name in ("digits", "spirals", "small"))
    best = "/candidates/20"
    return [
        Shot("jobs", "/"),
        Shot("jobs-phone", "/", phone=True),
        Shot("new", "/new?dataset=digits-16x16"),
        Shot("new-dark", "/new?dataset=beans", "dark"),
        Shot("datasets", "/datasets"),
        Shot("dataset", "/datasets/beans"),
        Shot("running", f"/jobs/{jobs['running']}"),
        Shot("running-dark-phone", f"/jobs/{jobs['running']}", "dark", phone=True),
        Shot("job", digits),
        Shot("job-dark", digits, "dark"),
        Shot("job-numbers", f"/jobs/{jobs['numbers']}"),
        Shot("answers", f"{digits}/answers"),
        Shot("answers-dark-phone", f"{digits}/answers", "dark", phone=True),
        Shot("candidates", f"{digits}/candidates?sort=fitness"),
        Shot("candidate", digits + best),
        Shot("candidate-dark", spirals + best, "dark"),
        Shot("try", f"{digits}/try"),
        Shot("try-phone", f"{digits}/try", "dark", phone=True),
        Shot("playground", f"{spirals}/playground"),
        Shot("playground-dark", f"{spirals}/playground", "dark"),
        Shot("report", f"{digits}/report"),
        Shot("compare", f"/compare?job={jobs['digits']}&job={jobs['small']}"),
        Shot("small", small),
    ]


def settle(page: Page, shot: Shot) -> None:
    """Wait until the page shows what it fetches after it was loaded."""
    # Charts draw when they come into view, so the page is gone through once.
    page.wait_for_load_state()
    height: int = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 600):
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(150)
    if "/try" in shot.path:
        draw_a_two(page)
    page.evaluate("window.scrollTo(0, 0)")
    # Re-trainings and charts have no common sign that all of them are done.
    page.wait_for_timeout(6_000 if "/candidates/" in shot.path or "/playground" in shot.path else 1_500)


def draw_a_two(page: Page) -> None:
    """Draw the digit with the mouse, as a person would."""
    surface = page.locator("canvas, [data-surface]").first.bounding_box()
    if surface is None:
        return
    points = [
        (0.32, 0.34),
        (0.42, 0.22),
        (0.58, 0.22),
        (0.66, 0.36),
        (0.58, 0.52),
        (0.44, 0.66),
        (0.32, 0.8),
        (0.7, 0.8),
    ]
    corners = [(surface["x"] + x * surface["width"], surface["y"] + y * surface["height"]) for x, y in points]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=6)
    page.mouse.up()


def take(browser: Browser, url: str, shot: Shot, folder: Path) -> list[str]:
    """Take one picture; return what went wrong on the page."""
    context = browser.new_context(viewport=PHONE if shot.phone else DESK, color_scheme=shot.scheme)
    watched = Watched(context.new_page(), url)
    watched.page.goto(url + shot.path)
    settle(watched.page, shot)
    picture = Image.open(io.BytesIO(watched.page.screenshot(full_page=True))).convert("RGB")
    # Long pages are cut where nobody reads on, and a hundred colors show what the pages are made of.
    longest = picture.width * (5 if shot.phone else 2)
    cut = picture.crop((0, 0, picture.width, min(picture.height, longest)))
    cut.quantize(COLORS).save(folder / f"{shot.name}.png", optimize=True)
    context.close()
    return [f"{shot.name}: {fault}" for fault in watched.faults]


def submit_all(url: str) -> dict[str, str]:
    """Submit the jobs and wait for those that end; return their ids by name."""
    with httpx.Client(base_url=url, timeout=60) as client:
        client.put("/v1/datasets/beans?target=taste", content=table(), headers={"Content-Type": "text/csv"})
        ids = {
            name: client.post("/v1/jobs", json=spec).raise_for_status().json()["id"] for name, spec in SEARCHES.items()
        }
        for name, job_id in ids.items():
            while (job := client.get(f"/v1/jobs/{job_id}").json())["status"] in {"queued", "running"}:
                time.sleep(0.5)
            if job["status"] != "succeeded":
                raise SystemExit(f"the job {name} {job['status']}: {job['error']}")
        ids["running"] = client.post("/v1/jobs", json=RUNNING).json()["id"]
        while client.get(f"/v1/jobs/{ids['running']}").json()["progress"] == []:
            time.sleep(0.5)
        time.sleep(15)
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--only", default="", help="names that contain this")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as data, chromium() as browser:
        env = environment(Path(data), CAMBRIAN_EVALUATOR="ray", CAMBRIAN_REQUESTS_PER_MINUTE="10000")
        with serving(env) as service:
            for shot in shots(submit_all(service.url)):
                if arguments.only in shot.name:
                    faults += take(browser, service.url, shot, arguments.folder)
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
