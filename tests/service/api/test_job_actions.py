from typing import Any

import httpx
import pytest

from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import claim


def act(client: httpx.Client, job_id: str, verb: str, body: Any = None) -> httpx.Response:
    return client.post(f"/v1/jobs/{job_id}/{verb}", **({} if body is None else {"json": body}))


def end(database: Database, status: Any = "succeeded") -> None:
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, status)


def test_a_job_is_paused_and_resumed_as_often_as_asked(running: InProcess) -> None:
    job = submit(running.client)["id"]
    for verb, status in (("pause", "paused"), ("pause", "paused"), ("resume", "queued"), ("resume", "queued")):
        answer = act(running.client, job, verb)

        assert answer.status_code == 200
        assert answer.json()["status"] == status
    assert [one["id"] for one in running.client.get("/v1/jobs?status=paused,queued").json()["jobs"]] == [job]


def test_a_job_that_runs_is_asked_to_pause(running: InProcess, database: Database) -> None:
    job = submit(running.client)["id"]
    claim(database)
    asked = act(running.client, job, "pause").json()

    assert (asked["status"], asked["pause_requested"]) == ("running", True)
    assert act(running.client, job, "resume").json()["pause_requested"] is False
    assert act(running.client, job, "resume").status_code == 200

    act(running.client, job, "cancel")

    problem_of(act(running.client, job, "pause"), 409, "conflict")
    problem_of(running.client.delete(f"/v1/jobs/{job}"), 409, "job-running")


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_finished_job_is_final(running: InProcess, database: Database, status: str) -> None:
    job = submit(running.client)["id"]
    end(database, status)
    for verb in ("pause", "resume"):
        assert status in problem_of(act(running.client, job, verb), 409, "job-finished")["detail"]


def test_a_paused_job_can_be_cancelled(running: InProcess) -> None:
    job = submit(running.client)["id"]
    act(running.client, job, "pause")

    assert act(running.client, job, "cancel").json()["status"] == "cancelled"


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("body", [[], 1, {"status": "running"}])
def test_actions_take_no_fields(client: httpx.Client, verb: str, body: object) -> None:
    problem_of(act(client, submit(client)["id"], verb, body), 422)


def test_a_deleted_job_is_gone(running: InProcess) -> None:
    job, other = submit(running.client)["id"], submit(running.client)["id"]
    answer = running.client.delete(f"/v1/jobs/{job}")

    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(running.client.get(f"/v1/jobs/{job}"), 404, "job-not-found")
    problem_of(running.client.delete(f"/v1/jobs/{job}"), 404, "job-not-found")
    assert [one["id"] for one in running.client.get("/v1/jobs").json()["jobs"]] == [other]


def test_a_clone_is_the_same_but_for_the_patch(running: InProcess) -> None:
    job = submit(running.client, seed=7, name="mine", budget={"evaluations": 12}, training={"epochs": 3})
    answer = act(running.client, job["id"], "clone", {"seed": 8, "training": {"epochs": None, "patience": 2}})
    clone = answer.json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{clone['id']}"
    assert (clone["cloned_from"], clone["status"], clone["name"], job["cloned_from"]) == (
        job["id"],
        "queued",
        "mine",
        None,
    )
    assert clone["spec"] == job["spec"] | {
        "seed": 8,
        "training": job["spec"]["training"] | {"epochs": 8, "patience": 2},
    }
    assert running.client.get(f"/v1/jobs/{job['id']}").json() == job


def test_a_clone_changes_the_unit_of_the_budget(client: httpx.Client) -> None:
    job = submit(client)["id"]
    clone = act(client, job, "clone", {"budget": {"evaluations": None, "epochs": 500}}).json()

    assert clone["spec"]["budget"] == {"evaluations": None, "epochs": 500, "max_seconds": None}


def test_a_name_that_nobody_gave_is_made_anew(client: httpx.Client) -> None:
    job = submit(client)["id"]

    assert act(client, job, "clone", {"strategy": "random"}).json()["name"] == "random on digits-8x8"
    assert act(client, job, "clone", {}).json()["name"] == "evolution on digits-8x8"


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"seed": -1}, "/seed"),
        ({"epocs": 5}, "/epocs"),
        ({"budget": {"epochs": 5}}, "/budget/evaluations"),
        ({"budget": 5}, "/budget"),
        ({"dataset": None}, "/dataset"),
        ({"space": {"max_units": 5}}, "/space/min_units"),
        ([], ""),
        ("x", ""),
    ],
)
def test_a_clone_that_could_not_be_submitted(client: httpx.Client, patch: Any, pointer: str) -> None:
    job = submit(client)["id"]
    count = len(client.get("/v1/jobs?page_size=200").json()["jobs"])
    body = problem_of(act(client, job, "clone", patch), 422, "invalid-spec")

    assert pointers(body)[0] == pointer
    assert len(client.get("/v1/jobs?page_size=200").json()["jobs"]) == count


def test_a_clone_of_nothing(client: httpx.Client) -> None:
    problem_of(act(client, "none", "clone", {}), 404, "job-not-found")
    problem_of(act(client, submit(client)["id"], "clone", {"dataset": "none"}), 404, "dataset-not-found")
