from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from service.access.token import well_formed
from service.store.database import Database
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, pointers, problem_of
from tests.service.store.samples import dump


def create(client: httpx.Client, **fields: Any) -> httpx.Response:
    return client.post("/v1/tokens", json={"owner": "ada", **fields})


def test_a_token_is_shown_once_and_works(running: InProcess, database: Database) -> None:
    answer = create(running.client, name="notebook", scopes=["read"])
    made = answer.json()

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/tokens/{made['id']}"
    assert answer.headers["Cache-Control"] == "no-store"
    secret = made.pop("token")
    assert well_formed(secret)
    assert (made["owner"], made["name"], made["scopes"], made["valid"]) == ("ada", "notebook", ["read"], True)
    assert datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"]) > timedelta(days=89)
    assert running.client.get(answer.headers["Location"]).json() == made
    assert secret not in repr(dump(database))
    mine = running.client.get("/v1/whoami", headers=bearer(secret)).json()
    assert mine == {"owner": "ada", "scopes": ["read"], "token_id": made["id"]}


def test_defaults_are_narrow(running: InProcess) -> None:
    made = create(running.client).json()

    assert made["scopes"] == ["read", "submit"]
    assert made["expires_at"] is not None
    assert create(running.client, expires_days=None).json()["expires_at"] is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"owner": ""}, "/owner"),
        ({"owner": "a\nb"}, "/owner"),
        ({"owner": "x" * 201}, "/owner"),
        ({"name": " "}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["read", "read"]}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes/0"),
        ({"expires_days": 0}, "/expires_days"),
        ({"expires_days": 4_000}, "/expires_days"),
        ({"expires_days": True}, "/expires_days"),
        ({"token": "cmb_mine"}, "/token"),
    ],
)
def test_what_cannot_be_made_is_named(client: httpx.Client, fields: dict[str, Any], pointer: str) -> None:
    assert pointers(problem_of(create(client, **fields), 422)) == [pointer]


def test_an_owner_is_required(client: httpx.Client) -> None:
    assert pointers(problem_of(client.post("/v1/tokens", json={}), 422)) == ["/owner"]


def test_a_list_goes_on_and_keeps_its_filter(running: InProcess) -> None:
    ids = [create(running.client, owner=owner).json()["id"] for owner in ("ada", "bob", "ada")]
    first = running.client.get("/v1/tokens?page_size=2").json()
    token = first["next_page_token"]

    assert [one["id"] for one in first["tokens"]] == ids[:0:-1]
    rest = running.client.get(f"/v1/tokens?page_size=2&page_token={token}").json()
    assert ([one["id"] for one in rest["tokens"]], rest["next_page_token"]) == (ids[:1], None)
    assert [one["id"] for one in running.client.get("/v1/tokens?owner=ada").json()["tokens"]] == [ids[2], ids[0]]
    problem_of(running.client.get(f"/v1/tokens?owner=ada&page_token={token}"), 422)


def test_revoking_ends_a_token_at_once_and_may_be_repeated(running: InProcess) -> None:
    made = create(running.client).json()
    for _ in range(2):
        answer = running.client.post(f"/v1/tokens/{made['id']}/revoke")

        assert (answer.status_code, answer.json()["valid"]) == (200, False)

    assert running.client.get(f"/v1/tokens/{made['id']}").json()["valid"] is False
    problem_of(running.client.get("/v1/whoami", headers=bearer(made["token"])), 401)


@pytest.mark.parametrize("token_id", ["0", "-1", "01", "1e3", "9" * 18, "9" * 30, "abc", "%00", "..%2fjobs"])
def test_unknown_tokens(client: httpx.Client, token_id: str) -> None:
    problem_of(client.get(f"/v1/tokens/{token_id}"), 404)
    problem_of(client.post(f"/v1/tokens/{token_id}/revoke"), 404)


def test_an_administrator_manages_the_tokens_of_every_owner_and_sees_no_jobs(
    running: InProcess, database: Database
) -> None:
    other, _ = make_token(database, "bob")
    _, admin = make_token(database, "ada", ["admin"])
    headers = bearer(admin)

    assert running.client.get(f"/v1/tokens/{other.id}", headers=headers).json()["owner"] == "bob"
    assert running.client.post(f"/v1/tokens/{other.id}/revoke", headers=headers).status_code == 200
    problem_of(running.client.get("/v1/jobs", headers=headers), 403, "scope-missing")
