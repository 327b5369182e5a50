from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from service.access.token import new_secret
from service.api.doorkeeper import COOKIE
from service.store.database import Database
from service.store.token_repository import TokenRepository
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, calling, problem_of

pytestmark = pytest.mark.slow

ORIGIN = {"Origin": "http://127.0.0.1:8642", "Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture
def guarded(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    with calling(tmp_path, database, portal, require_token=True) as called:
        yield called


@pytest.fixture
def browser(guarded: InProcess) -> httpx.Client:
    return guarded.client


def sign_in(browser: httpx.Client, secret: str, **headers: str) -> httpx.Response:
    return browser.post("/sign-in", json={"token": secret}, headers=ORIGIN | headers)


def test_a_page_asks_for_a_token_in_its_own_place(browser: httpx.Client) -> None:
    for path in ("/", "/jobs/0", "/v1/jobs"):
        page = browser.get(path, headers=PAGE)

        assert page.status_code == 401
        assert page.headers["WWW-Authenticate"].startswith("Bearer")
        assert page.headers["Cache-Control"] == "no-store"
        assert '<form id="sign-in"' in page.text
    problem_of(browser.get("/", headers={"Accept": "*/*"}), 401)
    assert browser.get("/sign-in", headers=PAGE).status_code == 200
    assert browser.get("/static/sign_in.js").status_code == 200


def test_signing_in_opens_the_pages_of_the_owner(browser: httpx.Client, database: Database) -> None:
    _, secret = make_token(database, "ada")
    answer = sign_in(browser, secret)

    assert answer.status_code == 204
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert secret not in cookie
    made = browser.post("/v1/jobs", json={"dataset": "digits-8x8"}, headers=ORIGIN)
    assert made.status_code == 202
    assert made.json()["id"] in browser.get("/", headers=PAGE).text
    assert browser.get(f"/v1/jobs/{made.json()['id']}").status_code == 200


def test_a_page_over_https_gets_a_cookie_for_https_alone(browser: httpx.Client, database: Database) -> None:
    _, secret = make_token(database, "ada")

    assert "Secure" in sign_in(browser, secret, Origin="https://127.0.0.1:8642").headers["Set-Cookie"]


def test_a_cookie_changes_nothing_without_the_origin_of_the_service(browser: httpx.Client, database: Database) -> None:
    _, secret = make_token(database, "ada")
    sign_in(browser, secret)

    problem_of(browser.post("/v1/jobs", json={"dataset": "digits-8x8"}), 401)
    problem_of(browser.post("/v1/jobs", json={}, headers={"Origin": "https://evil.example"}), 403)
    problem_of(browser.post("/v1/jobs", json={}, headers=ORIGIN | {"Sec-Fetch-Site": "same-site"}), 403)


def test_a_cookie_is_worth_nothing_when_another_site_asks(browser: httpx.Client, database: Database) -> None:
    _, secret = make_token(database, "ada")
    sign_in(browser, secret)

    for site, status in (("same-origin", 200), ("none", 200), ("same-site", 401), ("cross-site", 401)):
        assert browser.get("/v1/jobs", headers={"Sec-Fetch-Site": site}).status_code == status


def test_signing_out_ends_the_session(browser: httpx.Client, database: Database) -> None:
    _, secret = make_token(database, "ada")
    sign_in(browser, secret)
    value = browser.cookies[COOKIE]
    answer = browser.post("/sign-out", json={}, headers=ORIGIN)

    assert answer.status_code == 204
    assert COOKIE not in browser.cookies
    problem_of(browser.get("/v1/jobs", headers={"Cookie": f"{COOKIE}={value}"}), 401)


def test_a_revoked_token_ends_its_sessions(browser: httpx.Client, database: Database) -> None:
    token, secret = make_token(database, "ada")
    sign_in(browser, secret)

    assert browser.get("/v1/jobs").status_code == 200

    with database.write() as session:
        TokenRepository(session).revoke(token.id)

    problem_of(browser.get("/v1/jobs"), 401)


def test_a_wrong_token_opens_no_session_and_is_not_repeated(browser: httpx.Client) -> None:
    secret = new_secret()
    answer = sign_in(browser, secret)

    problem_of(answer, 401, "unauthorized")
    assert "Set-Cookie" not in answer.headers
    assert secret not in answer.text
    problem_of(browser.post("/sign-in", json={}, headers=ORIGIN), 422)


def test_guesses_are_limited(browser: httpx.Client) -> None:
    statuses = [sign_in(browser, new_secret()).status_code for _ in range(21)]

    assert statuses == [401] * 20 + [429]


@pytest.mark.parametrize("cookie", ["cambrian_session=", "cambrian_session=x", "=", "a=b; ;", 'cambrian_session="\\"'])
def test_odd_cookies(browser: httpx.Client, cookie: str) -> None:
    problem_of(browser.get("/v1/jobs", headers={"Cookie": cookie}), 401)


def test_a_token_wins_over_a_cookie(browser: httpx.Client, database: Database) -> None:
    _, adas = make_token(database, "ada")
    _, bobs = make_token(database, "bob")
    sign_in(browser, adas)

    assert browser.get("/v1/whoami", headers=bearer(bobs)).json()["owner"] == "bob"
    problem_of(browser.get("/v1/whoami", headers=bearer("wrong")), 401)
