from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from service.app import create_app
from service.settings import Settings
from service.store.database import Database
from tests.service.api.serving import AsgiBridge, InProcess, pointers, problem_of, submit
from tests.service.store.samples import claim, dump


def put(client: httpx.Client, job_id: str, body: object) -> httpx.Response:
    return client.put(f"/v1/jobs/{job_id}/priority", json=body)


def test_a_priority_stands_beside_the_spec(running: InProcess) -> None:
    plain, urgent = submit(running.client), submit(running.client, priority=10)

    assert (plain["priority"], urgent["priority"]) == (0, 10)
    assert urgent["spec"] == plain["spec"]
    assert "priority" not in urgent["spec"]
    assert [job["priority"] for job in running.client.get("/v1/jobs").json()["jobs"]] == [10, 0]


def test_a_priority_is_changed_until_the_job_begins(running: InProcess, database: Database) -> None:
    first, second = submit(running.client)["id"], submit(running.client)["id"]
    for _ in range(2):
        answer = put(running.client, second, {"priority": 3})

        assert answer.status_code == 200
        assert answer.json() == {"job_id": second, "priority": 3}

    lease = claim(database)

    assert lease is not None
    assert lease.job_id == second
    body = problem_of(put(running.client, second, {"priority": 4}), 409, "job-not-queued")
    assert "it is running" in body["detail"]
    assert running.client.get(f"/v1/jobs/{second}").json()["priority"] == 3
    assert running.client.get(f"/v1/jobs/{first}").json()["priority"] == 0


@pytest.mark.parametrize("priority", [11, -11, 1.0, "1", True, None])
def test_priorities_that_are_refused(client: httpx.Client, priority: object) -> None:
    job = submit(client)
    for answer in (
        client.post("/v1/jobs", json={"dataset": "digits-8x8", "priority": priority}),
        put(client, job["id"], {"priority": priority}),
    ):
        body = problem_of(answer, 422, "invalid-spec")

        assert pointers(body) == ["/priority"]
        assert "from -10 to 10" in body["detail"]


def test_a_job_that_is_not_there(client: httpx.Client) -> None:
    problem_of(put(client, "0", {"priority": 1}), 404, "job-not-found")


def test_a_full_queue_is_told_with_its_number_and_leaves_nothing(
    database: Database, tmp_path: Path, portal: BlockingPortal
) -> None:
    app = create_app(Settings(data_dir=tmp_path, max_queued_jobs=2), database)
    with httpx.Client(base_url="http://127.0.0.1:8642", transport=AsgiBridge(app, portal)) as client:
        submit(client)
        cancelled = submit(client)["id"]
        before = dump(database)
        answer = client.post("/v1/jobs", json={"dataset": "digits-8x8"})
        body = problem_of(answer, 429, "quota-exceeded")

        assert answer.headers["Retry-After"] == "60"
        assert "2 jobs of yours are queued" in body["detail"]
        assert dump(database) == before

        client.post(f"/v1/jobs/{cancelled}/cancel")
        submit(client)


def test_a_plan_takes_what_a_submission_takes(client: httpx.Client) -> None:
    assert client.post("/v1/plans", json={"dataset": "digits-8x8", "priority": 3}).status_code == 200
    body = {"dataset": "digits-8x8", "webhook": {"url": "https://example.org/"}}
    assert pointers(problem_of(client.post("/v1/plans", json=body), 422, "invalid-spec")) == ["/webhook"]


def test_a_clone_may_have_a_priority_of_its_own(running: InProcess) -> None:
    job = submit(running.client, priority=7)
    clone = running.client.post(f"/v1/jobs/{job['id']}/clone", json={"priority": -1}).json()

    assert (clone["priority"], clone["spec"]) == (-1, job["spec"])
    problem_of(running.client.post(f"/v1/jobs/{job['id']}/clone", json={"priority": 11}), 422, "invalid-spec")
