from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from service.store.database import Database
from service.store.entities import now
from service.store.idempotency_repository import KEPT, PATIENCE
from service.store.lease import RunnerIdentity
from service.store.models import idempotency_keys
from tests.service.api.serving import InProcess, Running, pointers, problem_of, submit
from tests.service.store.samples import dump

SPEC = {"dataset": "digits-8x8", "seed": 5}


def post(client: httpx.Client, key: str | bytes, body: Any = SPEC, path: str = "/v1/jobs") -> httpx.Response:
    return client.post(path, json=body, headers=[(b"Idempotency-Key", key.encode() if isinstance(key, str) else key)])


def change_key(database: Database, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(idempotency_keys).values(**values))


def test_the_same_request_gets_the_same_answer(running: InProcess, database: Database) -> None:
    first = post(running.client, "a-key")
    # Spelled otherwise, with a default written out.
    second = post(running.client, "a-key", {"seed": 5, "strategy": "evolution", "dataset": "digits-8x8"})

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(dump(database)["jobs"]) == 1


def test_the_answer_is_the_one_of_then(running: InProcess) -> None:
    job = post(running.client, "a-key").json()
    running.client.post(f"/v1/jobs/{job['id']}/cancel")
    running.client.delete(f"/v1/jobs/{job['id']}")

    assert post(running.client, "a-key").json() == job


def test_a_key_stands_for_one_request(running: InProcess) -> None:
    job = post(running.client, "a-key").json()

    problem_of(post(running.client, "a-key", {**SPEC, "seed": 6}), 422, "idempotency-key-reused")
    problem_of(post(running.client, "a-key", {}, f"/v1/jobs/{job['id']}/clone"), 422, "idempotency-key-reused")
    assert post(running.client, "another-key", {**SPEC, "seed": 6}).status_code == 202


def test_a_refused_request_leaves_its_key_free(running: InProcess, database: Database) -> None:
    before = dump(database)
    for body in (
        {**SPEC, "seed": -1},
        {**SPEC, "dataset": "none"},
        {**SPEC, "space": {"max_blocks": 1, "kernels": []}},
    ):
        assert post(running.client, "a-key", body).status_code in {404, 422}
    too_large = {**SPEC, "space": {"min_units": 4096, "max_units": 4096, "min_layers": 4, "max_layers": 4}}
    problem_of(post(running.client, "a-key", too_large), 422, "invalid-spec")
    missing = post(running.client, "a-key", {}, "/v1/jobs/0/clone")
    problem_of(missing, 404, "job-not-found")

    assert dump(database) == before
    assert post(running.client, "a-key").status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256, "k" * 300, "two words", "tab\tbed", "é".encode(), b"\xff"])
def test_keys_of_no_known_form(client: httpx.Client, key: str | bytes) -> None:
    body = problem_of(post(client, key), 422, "invalid-request")

    assert pointers(body) == ["Idempotency-Key"]
    assert "255" in body["detail"]


def test_while_somebody_is_at_it_others_wait(running: InProcess, database: Database) -> None:
    post(running.client, "a-key")
    alive = str(RunnerIdentity.of_this_process())
    change_key(database, state="running", status_code=None, answer=None, location=None, process=alive)

    problem_of(post(running.client, "a-key"), 409, "idempotency-key-in-use")
    problem_of(post(running.client, "a-key", {**SPEC, "seed": 6}), 422, "idempotency-key-reused")

    change_key(database, created_at=now() - PATIENCE - timedelta(seconds=1))

    assert "Idempotency-Replayed" not in post(running.client, "a-key").headers


def test_who_died_at_it_is_not_waited_for(running: InProcess, database: Database) -> None:
    post(running.client, "a-key")
    me = RunnerIdentity.of_this_process()
    dead = RunnerIdentity(me.host, me.boot, me.pid, me.started + 1)
    change_key(database, state="running", status_code=None, answer=None, location=None, process=str(dead))

    again = post(running.client, "a-key")

    assert again.status_code == 202
    assert "Idempotency-Replayed" not in again.headers
    assert post(running.client, "a-key").json() == again.json()


def test_keys_are_forgotten_after_a_day(running: InProcess, database: Database) -> None:
    first = post(running.client, "a-key").json()
    change_key(database, created_at=now() - KEPT - timedelta(seconds=1))
    second = post(running.client, "a-key", {**SPEC, "seed": 6}).json()

    assert first["id"] != second["id"]
    assert len(dump(database)["idempotency_keys"]) == 1


def test_a_clone_is_made_once_too(running: InProcess) -> None:
    path = f"/v1/jobs/{submit(running.client)['id']}/clone"
    first, second = (post(running.client, "a-key", {"seed": 8}, path) for _ in range(2))

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"


@pytest.mark.slow
def test_a_hundred_equal_requests_at_once_make_one_job(served: Running, database: Database) -> None:
    def send(_number: int) -> tuple[int, str | None]:
        with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
            while True:
                answer = post(client, "a-key")
                if answer.status_code != 409:
                    return answer.status_code, answer.json().get("id")
                assert answer.json()["code"] == "idempotency-key-in-use"

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(send, range(100)))

    assert len(answers) == 1
    assert answers.pop()[0] == 202
    assert len(dump(database)["jobs"]) == 1
