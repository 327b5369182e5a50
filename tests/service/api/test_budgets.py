from typing import Any

import httpx
import pytest

from service.store.budget_repository import BudgetRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import claim


def patch(client: httpx.Client, job_id: str, body: Any) -> httpx.Response:
    return client.patch(f"/v1/jobs/{job_id}", json=body)


def test_a_budget_is_raised_once_and_the_rest_of_the_spec_stays(running: InProcess) -> None:
    job = submit(running.client, budget={"evaluations": 10, "max_seconds": 60})
    for _ in range(2):
        answer = patch(running.client, job["id"], {"budget": {"evaluations": 20}})

        assert answer.status_code == 200, answer.text
        assert answer.json()["spec"] == job["spec"] | {"budget": {"evaluations": 20, "epochs": None, "max_seconds": 60}}
    told = running.client.get(f"/v1/jobs/{job['id']}/events", headers={"Accept": "application/json"}).json()["events"]

    assert [event["type"] for event in told] == ["status", "budget"]
    assert told[1]["data"] == {"evaluations": 20, "epochs": None, "max_seconds": 60}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"budget": {"evaluations": 9}}, "/budget/evaluations"),
        ({"budget": {"evaluations": None}}, "/budget/evaluations"),
        ({"budget": {"evaluations": 5.0}}, "/budget/evaluations"),
        ({"budget": {"epochs": 500}}, "/budget/epochs"),
        ({"budget": {"max_seconds": 0}}, "/budget/max_seconds"),
        ({"budget": {"seconds": 500}}, "/budget/seconds"),
        ({"budget": {}}, "/budget"),
        ({"budget": 20}, "/budget"),
        ({}, ""),
        ({"budget": {"evaluations": 20}, "status": "paused"}, "/status"),
        ({"budget": {"evaluations": 20}, "seed": 1}, "/seed"),
        ([], ""),
    ],
)
def test_what_cannot_be_changed_is_named_and_nothing_changes(client: httpx.Client, body: Any, pointer: str) -> None:
    job = submit(client, budget={"evaluations": 10})

    assert pointers(problem_of(patch(client, job["id"], body), 422)) == [pointer]
    assert client.get(f"/v1/jobs/{job['id']}").json()["spec"] == job["spec"]


def test_a_budget_that_could_not_be_submitted_cannot_be_reached(client: httpx.Client) -> None:
    job = submit(
        client, budget={"evaluations": 10}, training={"epochs": 10_000}, space={"max_layers": 2, "max_units": 3_000}
    )
    body = problem_of(patch(client, job["id"], {"budget": {"evaluations": 100_000}}), 422, "invalid-spec")

    assert pointers(body)[0] == "/budget/evaluations"
    assert "FLOPs" in body["detail"]


def test_a_job_past_its_search_says_where_it_is(running: InProcess, database: Database) -> None:
    job_id = submit(running.client)["id"]
    lease = claim(database)
    assert lease is not None
    larger = {"budget": {"evaluations": 200}}

    assert patch(running.client, job_id, larger).status_code == 200

    with database.write() as session:
        JobRepository(session).set_phase(lease, "baseline")
        BudgetRepository(session).end_search(lease, 200, "budget")

    assert "phase baseline" in problem_of(patch(running.client, job_id, larger), 409, "search-ended")["detail"]
    assert running.client.get(f"/v1/jobs/{job_id}").json()["stopped_at"] == 200

    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded")

    assert "succeeded" in problem_of(patch(running.client, job_id, larger), 409, "job-finished")["detail"]
    problem_of(patch(running.client, "none", larger), 404, "job-not-found")
