"""A real Chromium, and pages in it that nothing may go wrong on: no error, no foreign host, nothing that axe finds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

Scheme = Literal["light", "dark"]

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE: Final = ViewportSize(width=390, height=844)
DESK: Final = ViewportSize(width=1440, height=900)
VIEWPORTS: Final = (PHONE, DESK)
SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)


def executable() -> str | None:
    """Return the installed Chromium; None where Playwright's own is to be used."""
    found = (shutil.which(name) for name in NAMES)
    return os.environ.get("CHROMIUM") or next((path for path in found if path), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(),
            # As root, which containers are, Chromium has no sandbox, and a small /dev/shm; the rest keeps it from
            # talking to anybody.
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page with everything that went wrong on it, in words; `forgive` takes out what a test expects."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self._host = urlsplit(origin).netloc
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._asked)

    def forgive(self, part: str) -> None:
        """Take out the faults that a test brought about itself, such as a network that it cut."""
        self.faults = [fault for fault in self.faults if part not in fault]

    def check(self) -> None:
        """Assert that nothing went wrong so far."""
        assert not self.faults, "\n".join(self.faults)

    def check_axe(self) -> None:
        """Assert that axe finds nothing, in both color schemes and on a phone as on a desk."""
        found: list[str] = []
        before = self.page.viewport_size or DESK
        for viewport in VIEWPORTS:
            for scheme in SCHEMES:
                self.page.set_viewport_size(viewport)
                self.page.emulate_media(color_scheme=scheme)
                found += [f"{viewport['width']} {scheme}: {fault}" for fault in _axe(self.page)]
                width: int = self.page.evaluate("document.documentElement.scrollWidth")
                if width > viewport["width"]:
                    found.append(f"{viewport['width']} {scheme}: the page is {width} pixels wide")
        self.page.set_viewport_size(before)
        self.page.emulate_media(color_scheme="light")

        assert not found, "\n".join(found)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.netloc != self._host:
            self.faults.append(f"asked another host: {request.url}")


def _axe(page: Page) -> list[str]:
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} at {', '.join(str(node['target']) for node in one['nodes'][:3])}"
        for one in violations
    ]
