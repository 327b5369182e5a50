import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from service.access.token import new_secret
from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TokenRepository
from tests.postgres import Postgres
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, Running, calling, problem_of, serving, submit

# Many requests of each kind.
pytestmark = pytest.mark.slow


@pytest.fixture
def guarded(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    with calling(tmp_path, database, portal, require_token=True) as called:
        yield called


def whoami(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.get("/v1/whoami", headers=headers)


def test_whoever_sits_at_the_machine_needs_no_token(running: InProcess) -> None:
    answer = whoami(running.client)

    assert answer.json() == {"owner": "local", "scopes": ["read", "submit", "admin"], "token_id": None}
    assert "RateLimit" not in answer.headers


def test_a_token_counts_on_the_loopback_address_too(running: InProcess, database: Database) -> None:
    token, secret = make_token(database, "ada", ["read"])
    job = submit(running.client)["id"]

    answer = whoami(running.client, **bearer(secret))
    assert answer.json() == {"owner": "ada", "scopes": ["read"], "token_id": str(token.id)}
    problem_of(running.client.get(f"/v1/jobs/{job}", headers=bearer(secret)), 404)
    problem_of(running.client.post("/v1/jobs", json={}, headers=bearer(secret)), 403)
    problem_of(whoami(running.client, **bearer("wrong")), 401)


def test_the_scheme_is_read_as_http_has_it(guarded: InProcess, database: Database) -> None:
    _, secret = make_token(database, "ada")

    for value in (f"Bearer {secret}", f"bearer {secret}", f"BEARER   {secret} "):
        assert whoami(guarded.client, Authorization=value).status_code == 200


def test_what_is_no_valid_token(guarded: InProcess, database: Database) -> None:
    _, good = make_token(database, "ada")
    _, expired = make_token(database, "ada", days=-1)
    revoked, gone = make_token(database, "ada")
    with database.write() as session:
        TokenRepository(session).revoke(revoked.id)
    values = [
        "",
        good,
        "Bearer",
        f"Basic {good}",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
        f"Bearer {good} {good}",
        f"Bearer {new_secret()}",
        f"Bearer {expired}",
        f"Bearer {gone}",
    ]
    details = set()
    for value in values:
        body = problem_of(whoami(guarded.client, Authorization=value), 401, "unauthorized")
        details.add(body["detail"])

        assert good not in str(body)

    # The same for all: not even that a token was known, or is no more.
    assert details == {"the token is not valid"}


def test_two_tokens_are_none(guarded: InProcess, database: Database) -> None:
    _, secret = make_token(database, "ada")
    twice = [("Authorization", f"Bearer {secret}"), ("Authorization", f"Bearer {secret}")]

    problem_of(guarded.client.get("/v1/whoami", headers=twice), 401)


def test_a_token_in_an_address_opens_nothing(guarded: InProcess, database: Database) -> None:
    _, secret = make_token(database, "ada")
    for query in ("token", "access_token", "authorization"):
        body = problem_of(guarded.client.get(f"/v1/whoami?{query}={secret}"), 401)

        assert secret not in str(body)


def test_revoking_works_at_once(guarded: InProcess, database: Database) -> None:
    token, secret = make_token(database, "ada")

    assert whoami(guarded.client, **bearer(secret)).status_code == 200

    with database.write() as session:
        TokenRepository(session).revoke(token.id)

    problem_of(whoami(guarded.client, **bearer(secret)), 401)


def test_use_is_noted(guarded: InProcess, database: Database) -> None:
    token, secret = make_token(database, "ada")
    before = now()
    whoami(guarded.client, **bearer(secret))
    with database.read() as session:
        noted = TokenRepository(session).get(token.id).last_used_at

    assert noted is not None
    assert before <= noted <= before + timedelta(minutes=1)


def test_the_body_of_a_stranger_is_not_read(guarded: InProcess) -> None:
    for body, connection in ((b"{", None), (b"x" * 2_000_000, "close")):
        answer = guarded.client.post("/v1/jobs", content=body)

        problem_of(answer, 401)
        assert answer.headers.get("Connection") == connection


def test_what_is_not_there_is_not_told_to_strangers(guarded: InProcess, database: Database) -> None:
    _, secret = make_token(database, "ada")

    problem_of(guarded.client.get("/v2"), 401)
    problem_of(guarded.client.put("/v1/jobs"), 401)
    problem_of(guarded.client.get("/v2", headers=bearer(secret)), 404)
    problem_of(guarded.client.put("/v1/jobs", headers=bearer(secret)), 405)


def test_what_a_person_needs_to_read_is_open(guarded: InProcess) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/problems", "/problems/unauthorized", "/static/style.css"):
        assert guarded.client.get(path).status_code == 200, path
        # A client that sends a token everywhere is served here even when that is over.
        assert guarded.client.get(path, headers=bearer("old")).status_code == 200, path


def test_a_database_that_is_away(
    postgres: Postgres, postgres_template: str, tmp_path: Path, portal: BlockingPortal
) -> None:
    database = Database(postgres.create("doorless", postgres_template))
    _, secret = make_token(database, "ada")
    with calling(tmp_path, database, portal, require_token=True) as called:
        postgres.drop("doorless")

        problem_of(whoami(called.client, **bearer(secret)), 503, "database-unavailable")
        problem_of(whoami(called.client, **bearer("no token")), 401)
    database.close()


def test_request_n_plus_1_is_refused_until_the_time_that_it_is_told(
    database: Database, tmp_path: Path, portal: BlockingPortal
) -> None:
    _, secret = make_token(database, "ada")
    _, other = make_token(database, "bob")
    with calling(tmp_path, database, portal, require_token=True, requests_per_minute=30) as called:
        answers = [whoami(called.client, **bearer(secret)) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[0].headers["RateLimit-Policy"] == '"requests";q=5;w=10'
        assert answers[0].headers["RateLimit"] == '"requests";r=4;t=2'
        problem_of(answers[5], 429, "rate-limited")
        assert answers[5].headers["RateLimit"].startswith('"requests";r=0;t=')
        assert int(answers[5].headers["Retry-After"]) in {1, 2}
        # Everybody has a bucket of their own, and those without a token one per address.
        assert whoami(called.client, **bearer(other)).status_code == 200
        assert [called.client.get("/healthz").status_code for _ in range(6)] == [200] * 5 + [429]


def test_wrong_tokens_are_limited_harder_and_lock_nobody_out(guarded: InProcess, database: Database) -> None:
    _, secret = make_token(database, "ada")
    statuses = [whoami(guarded.client, **bearer(new_secret())).status_code for _ in range(21)]

    assert statuses == [401] * 20 + [429]
    assert whoami(guarded.client, **bearer(secret)).status_code == 200

    refused = whoami(guarded.client, **bearer("wrong"))
    problem_of(refused, 429, "rate-limited")
    assert int(refused.headers["Retry-After"]) <= 3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks everybody for a token, and holds one job."""
    folder = tmp_path_factory.mktemp("network")
    with (
        serving(folder, require_token=True) as started,
        closing(Database(f"sqlite:///{folder}/cambrian.db")) as database,
    ):
        started.client.headers.update(bearer(make_token(database, "ada")[1]))
        submit(started.client)
        yield started


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/v1/jobs",
        "http://127.0.0.1/healthz/../v1/jobs",
        "//v1/jobs",
        "//127.0.0.1/v1/jobs",
        "/v1//jobs",
        "/v1/jobs/",
        "/./v1/jobs",
        "/v1/%6aobs",
        "/v1%2Fjobs",
        "/%2Fv1/jobs",
        "/healthz/../v1/jobs",
        "/healthz/..%2fv1/jobs",
        "/healthz%2f..%2fv1%2fjobs",
        "/static/../v1/jobs",
        "/static/%2e%2e/v1/jobs",
        "/static/..%2f..%2fsettings.py",
        "/problems/..%2f..%2fv1%2fjobs",
        "/v1/jobs;/healthz",
        "/v1/jobs#/healthz",
        "/v1/jobs%3f/healthz",
        "/v1/jobs?/healthz",
        "/V1/JOBS",
        "\\v1\\jobs",
        "v1/jobs",
    ],
)
def test_no_spelling_of_an_address_leads_past_the_door(network: Running, target: str) -> None:
    (job,) = network.client.get("/v1/jobs").json()["jobs"]

    status, text = _ask(network, target)

    assert status in {400, 401, 404}, text
    assert job["id"] not in text
    assert "import" not in text


@pytest.mark.parametrize("host", ["a/../b?", "127.0.0.1/healthz", "127.0.0.1:1/healthz?", "", None])
def test_no_host_leads_past_the_door(network: Running, host: str | None) -> None:
    status, text = _ask(network, "/v1/jobs", host)

    assert status == 400, text


def _ask(running: Running, target: str, host: str | None = "127.0.0.1") -> tuple[int, str]:
    head = f"GET {target} HTTP/1.1\r\n" + ("" if host is None else f"Host: {host}\r\n") + "Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    return int(answer.split(b" ")[1]), answer.decode("utf-8", "replace")
