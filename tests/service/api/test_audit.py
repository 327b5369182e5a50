from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import text, update

from service.api import audit_trail
from service.store.database import Database
from service.store.entities import now
from service.store.models import audit
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, calling, problem_of, serving, submit


@pytest.fixture
def guarded(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    with calling(tmp_path, database, portal, require_token=True) as called:
        called.client.headers.update(bearer(make_token(database, "root", ["admin"])[1]))
        yield called


def entries(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/audit").json()["entries"]
    return found


def told(client: httpx.Client) -> list[tuple[Any, ...]]:
    keys = ("owner", "action", "object_kind", "object_id", "status")
    return [tuple(entry[key] for key in keys) for entry in entries(client)]


def test_changes_are_noted_with_who_made_them(guarded: InProcess, database: Database) -> None:
    token, secret = make_token(database, "ada")
    headers = bearer(secret) | {"X-Request-ID": "mine-1"}
    job = guarded.client.post("/v1/jobs", json={"dataset": "digits-8x8"}, headers=headers).json()["id"]
    guarded.client.post(f"/v1/jobs/{job}/cancel", headers=headers)
    guarded.client.get("/v1/jobs", headers=headers)

    assert told(guarded.client) == [
        ("ada", "cancel_job", "job", job, 200),
        ("ada", "submit_job", "job", job, 202),
    ]
    entry = entries(guarded.client)[0]
    assert (entry["token_id"], entry["request_id"], entry["client"]) == (str(token.id), "mine-1", "127.0.0.1")


def test_the_user_of_the_machine_is_noted_too(running: InProcess) -> None:
    job = submit(running.client)["id"]

    assert told(running.client) == [("local", "submit_job", "job", job, 202)]
    assert entries(running.client)[0]["token_id"] is None


def test_who_was_refused_is_noted(guarded: InProcess, database: Database) -> None:
    _, reader = make_token(database, "ada", ["read"])
    guarded.client.post("/v1/jobs/0/cancel", headers=bearer("wrong"))
    guarded.client.post("/v1/jobs", headers=bearer(reader))
    guarded.client.post("/v1/tokens/1/revoke", headers={"Origin": "https://evil.example"})

    assert told(guarded.client) == [
        (None, "revoke_token", "token", "1", 403),
        ("ada", "submit_job", "job", None, 403),
        (None, "cancel_job", "job", "0", 401),
    ]


def test_what_changed_nothing_and_was_not_forbidden_is_not_noted(running: InProcess) -> None:
    problem_of(running.client.post("/v1/jobs", json={}), 422)
    problem_of(running.client.post("/v1/jobs/0/cancel"), 404)
    problem_of(running.client.post("/v1/nothing"), 404)
    problem_of(running.client.put("/v1/jobs"), 405)

    assert entries(running.client) == []


def test_tokens_are_noted_and_never_shown(guarded: InProcess) -> None:
    made = guarded.client.post("/v1/tokens", json={"owner": "ada"}).json()
    guarded.client.post(f"/v1/tokens/{made['id']}/revoke")

    assert told(guarded.client) == [
        ("root", "revoke_token", "token", made["id"], 200),
        ("root", "create_token", "token", made["id"], 201),
    ]
    assert made["token"] not in guarded.client.get("/v1/audit").text


def test_hostile_text_is_noted_short_and_printable(guarded: InProcess) -> None:
    guarded.client.post("/v1/jobs/%00%1b[31m" + "x" * 500 + "/cancel", headers=bearer("wrong"))

    (entry,) = entries(guarded.client)
    assert entry["object_id"].startswith("??[31mxxx")
    assert len(entry["object_id"]) == 80


def test_a_flood_of_refusals_does_not_fill_the_disk(
    database: Database, tmp_path: Path, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "REFUSALS_PER_MINUTE", 1)
    _, reader = make_token(database, "ada", ["read", "admin"])
    with calling(tmp_path, database, portal, require_token=True) as called:
        called.client.headers.update(bearer(reader))
        for _ in range(5):
            problem_of(called.client.post("/v1/jobs"), 403)
        called.client.post("/v1/tokens", json={"owner": "ada"})

        assert [entry["status"] for entry in entries(called.client)] == [201, 403]


def test_a_log_that_cannot_be_written_fails_no_request(running: InProcess, database: Database) -> None:
    with database.write() as session:
        session.execute(text("DROP TABLE audit"))

    submit(running.client)


def test_a_list_goes_on(running: InProcess) -> None:
    jobs = [submit(running.client)["id"] for _ in range(3)]
    first = running.client.get("/v1/audit?page_size=2").json()
    rest = running.client.get(f"/v1/audit?page_size=2&page_token={first['next_page_token']}").json()

    assert [entry["object_id"] for entry in first["entries"] + rest["entries"]] == jobs[::-1]
    assert rest["next_page_token"] is None
    problem_of(running.client.get("/v1/audit?page_token=abc"), 422)


def test_old_entries_go_when_the_service_starts(running: InProcess, database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        submit(running.client)
    kept, old = entries(running.client)
    with database.write() as session:
        session.execute(update(audit).where(audit.c.id == int(old["id"])).values(created_at=now() - timedelta(days=8)))
    with serving(tmp_path, database, audit_days=7) as served:
        assert [entry["id"] for entry in entries(served.client)] == [kept["id"]]
