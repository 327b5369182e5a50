"""One Chromium for all tests of a worker, and a fresh context (cookies, cache) for each page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import DESK, Watched, chromium


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str, str], Watched]]:
    """Open a path of the service at an address, with a script of the test's own in it.

    Whatever went wrong on the pages fails the test at its end.
    """
    opened: list[Watched] = []

    def open_page(origin: str, path: str, script: str = "") -> Watched:
        context = browser.new_context(viewport=DESK, accept_downloads=True)
        if script:
            context.add_init_script(script)
        watched = Watched(context.new_page(), origin)
        opened.append(watched)
        watched.page.goto(origin + path)
        return watched

    yield open_page
    for watched in opened:
        watched.page.context.close()
    for watched in opened:
        watched.check()
