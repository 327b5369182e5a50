"""`python -m benchmarks.service.pages`: how soon a job's page shows its text and its charts, while a search runs.

A real Chromium opens the page of a job with many stored candidates, beside a search at full load on the same machine;
the browser's cache is empty each time. "Text" is when the state and the best score stand in the page, "charts" when
the charts that are in view are drawn, both counted from the moment the address is asked for.
"""

import argparse
import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from benchmarks.service.__main__ import LOAD, serving, wait_for_load
from benchmarks.service.stored import fill
from service.store.database import Database
from tests.browser.pages import executable

# Tall enough for all four charts of the page to be in view at once.
VIEWPORT: Final = ViewportSize(width=1440, height=3000)
CHARTS: Final = 4
NOTED: Final = """
window.seen = {text: null, charts: []};
document.addEventListener("drawn", () => window.seen.charts.push(performance.now()), true);
new MutationObserver((_, observer) => {
  const shown = document.getElementById("evaluated");
  if (shown?.textContent && window.seen.text === null) {
    requestAnimationFrame(() => setTimeout(() => { window.seen.text = performance.now(); }));
    observer.disconnect();
  }
}).observe(document, {childList: true, subtree: true});
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.pages", description=__doc__)
    parser.add_argument("--candidates", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--idle", action="store_true", help="without a search beside it")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        for count in arguments.candidates:
            with tempfile.TemporaryDirectory() as folder:
                url = f"sqlite:///{Path(folder) / 'cambrian.db'}"
                with closing(Database(url)) as database:
                    database.upgrade()
                    job = fill(database, count)
                with serving(url) as client:
                    if not arguments.idle:
                        wait_for_load(client, client.post("/v1/jobs", json=LOAD).raise_for_status().json()["id"])
                    opened = [_open(browser, f"{client.base_url}/jobs/{job}") for _ in range(arguments.rounds)]
            for name, times in zip(("text", f"{CHARTS} charts"), zip(*opened, strict=True), strict=True):
                print(
                    f"{count:,} candidates, {name}: median {statistics.median(times):.2f} s, "
                    f"from {min(times):.2f} to {max(times):.2f} s"
                )
        browser.close()


def _open(browser: Browser, address: str) -> tuple[float, float]:
    """Return after how many seconds the text and the charts were there."""
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(NOTED)
    page = context.new_page()
    page.goto(address, wait_until="commit")
    # Waiting for a function would compile it in the page, which the page's policy forbids.
    while not page.evaluate(f"window.seen.text !== null && window.seen.charts.length >= {CHARTS}"):
        page.wait_for_timeout(50)
    text, charts = page.evaluate("[window.seen.text, window.seen.charts]")
    context.close()
    return text / 1000, sorted(charts)[CHARTS - 1] / 1000


if __name__ == "__main__":
    main()
