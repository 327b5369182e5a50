"""Signing in as a person does it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.access_tokens import make_token
from tests.service.api.serving import serving

pytestmark = pytest.mark.slow


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


def test_a_token_opens_the_page_that_was_asked_for(
    visit: Callable[[str, str], Watched], database: Database, tmp_path: Path
) -> None:
    _, token = make_token(database, "somebody")
    with serving(tmp_path, database, require_token=True, root_path="/below") as running:
        watched = visit(running.url, "/below/")
        page = watched.page
        watched.check_axe()
        page.get_by_label("Token").fill("cmb_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#answer")).to_contain_text("token")
        # Chromium reports every answer of 401, and these are what was to be seen.
        watched.forgive("401")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
