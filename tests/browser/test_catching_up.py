"""The service is replaced and the network cut while somebody watches a job.

`CAMBRIAN_TEST_OFFLINE_SECONDS=30` cuts it for half a minute; the suite has less time.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.pages import Watched
from tests.browser.wire import wire_to
from tests.service.cli.commands import environment, serving

pytestmark = pytest.mark.slow

CUT_SECONDS: Final = float(os.environ.get("CAMBRIAN_TEST_OFFLINE_SECONDS", "8"))
SEARCH_SECONDS: Final = int(CUT_SECONDS) + 8

# Notes the id of every event that any stream of the page receives.
LISTENER: Final = """
window.sequences = [];
const Plain = window.EventSource;
window.EventSource = class extends Plain {
  addEventListener(type, listener, options) {
    super.addEventListener(type, (event) => {
      // `end` and `close` are about the stream, and bear the id of the event before them.
      const ofJob = event.lastEventId && type !== "end" && type !== "close";
      if (ofJob) window.sequences.push([Number(event.lastEventId), type]);
      listener(event);
    }, options);
  }
};
"""


@contextmanager
def runner(env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "service.cli.main", "runner"], env=env, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_a_page_catches_up_and_misses_no_event(visit: Callable[[str, str, str], Watched], tmp_path: Path) -> None:
    env = environment(tmp_path, CAMBRIAN_LOG_LEVEL="error") | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    spec = {
        "dataset": "digits-8x8",
        "budget": {"evaluations": 2_000, "max_seconds": SEARCH_SECONDS},
        "space": {"max_layers": 1, "min_units": 4, "max_units": 16},
        "training": {"epochs": 1},
        "final": {"finalists": 1, "seeds": 2},
        "verdict": {"seeds": 5, "rivals": False},
    }
    with serving(env, "--no-runner") as first, wire_to(urlsplit(first.url).port or 0) as wire, runner(env):
        job_id = httpx.post(f"{first.url}/v1/jobs", json=spec).json()["id"]
        watched = visit(wire.url, f"/jobs/{job_id}", LISTENER)
        page = watched.page
        live = page.locator("#live")
        expect(live).to_have_attribute("data-sequence", re.compile(r"^\d{2,}$"), timeout=60_000)
        before = int(live.get_attribute("data-sequence") or 0)
        cut_at = time.monotonic()
        wire.cut()
        first.process.terminate()
        first.process.wait(30)
        with serving(env, "--no-runner") as second:
            wire.to_port = urlsplit(second.url).port or 0
            # The time without a network is what is tested: nothing on the other side says when it is over.
            page.wait_for_timeout(1_000 * (CUT_SECONDS - (time.monotonic() - cut_at)))

            assert int(live.get_attribute("data-sequence") or 0) < events_of(second.url, job_id)

            wire.mend()
            expect(live).to_have_attribute("data-finished", "yes", timeout=60_000)
            seen = [sequence for sequence, _ in page.evaluate("window.sequences")]
            count = events_of(second.url, job_id)
            job = httpx.get(f"{second.url}/v1/jobs/{job_id}").json()
            expect(page.get_by_text("succeeded").first).to_be_visible()
    # What the browser says of a connection that was cut is what the test did to it.
    watched.forgive("ERR_")

    assert job["status"] == "succeeded", json.dumps(job)
    assert before < count
    assert sorted(set(seen)) == list(range(1, count + 1))
    assert len(seen) == len(set(seen))


def events_of(url: str, job_id: str) -> int:
    """Return how many events a job has, by reading all of their pages."""
    last, token = 0, None
    while True:
        asked = {"page_size": "200", "page_token": token} if token else {"page_size": "200"}
        page = httpx.get(f"{url}/v1/jobs/{job_id}/events", params=asked, headers={"Accept": "application/json"}).json()
        last, token = page["events"][-1]["sequence"], page["next_page_token"]
        if token is None:
            return int(last)
