import re

import httpx
import pytest

from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import claim, dump

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
STRANGE_IDS = ["0", "-1", "9223372036854775808", "..%2F1", "%2e%2e", "%00", "a%00b", "a" * 41, "%F0%9F%98%80", "%20"]


def test_a_submitted_job_is_queued(running: InProcess) -> None:
    answer = running.client.post("/v1/jobs", json={"dataset": "digits-16x16", "seed": 2**63 - 1})
    job = answer.json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert job["status"] == "queued"
    assert job["seed"] == 2**63 - 1
    assert job["name"] == "evolution on digits-16x16"
    assert job["spec"]["format"] == 1
    assert job["spec"]["budget"] == {"evaluations": 64, "epochs": None, "max_seconds": None}
    assert MOMENT.fullmatch(job["created_at"])
    assert job["started_at"] is None
    assert job["progress"] == []
    assert running.client.get(answer.headers["Location"]).json() == job


def test_names_come_back_as_they_were_given(running: InProcess) -> None:
    for name in ("é 数字 \U0001f600", "<script>alert(1)</script>", "CON", "..", "'; drop table jobs; --"):
        job = submit(running.client, name=name)

        assert job["name"] == name
        assert running.client.get(f"/v1/jobs/{job['id']}").json()["name"] == name


def test_a_refused_job_leaves_nothing(running: InProcess, database: Database) -> None:
    before = dump(database)

    for body in ({}, {"dataset": "none"}, {"dataset": "digits-8x8", "seed": -1}):
        assert running.client.post("/v1/jobs", json=body).status_code in {404, 422}

    assert dump(database) == before


def test_an_unknown_dataset(client: httpx.Client) -> None:
    body = problem_of(client.post("/v1/jobs", json={"dataset": "mnist"}), 404, "dataset-not-found")

    assert pointers(body) == ["/dataset"]
    assert "digits-16x16, digits-8x8" in body["errors"][0]["detail"]


def test_ids_that_no_job_has(running: InProcess) -> None:
    for job_id in STRANGE_IDS:
        for path in ("", "/candidates", "/events", "/network", "/verdict"):
            problem_of(running.client.get(f"/v1/jobs/{job_id}{path}"), 404)
        problem_of(running.client.post(f"/v1/jobs/{job_id}/cancel"), 404)


def test_ids_are_exact(running: InProcess) -> None:
    job = submit(running.client)

    assert running.client.get(f"/v1/jobs/{job['id']}").status_code == 200
    for other in (job["id"].upper() + "A", f" {job['id']}", job["id"] + "%0a", job["id"][:-1]):
        problem_of(running.client.get(f"/v1/jobs/{other}"), 404, "job-not-found")


def test_the_list_is_paged_newest_first(running: InProcess) -> None:
    ids = [submit(running.client)["id"] for _ in range(7)]

    seen: list[str] = []
    parameters = {"page_size": "3"}
    for expected in (3, 3, 1):
        page = running.client.get("/v1/jobs", params=parameters).json()
        assert len(page["jobs"]) == expected
        seen += [job["id"] for job in page["jobs"]]
        parameters["page_token"] = page["next_page_token"]

    assert page["next_page_token"] is None
    assert seen == ids[::-1]


def test_jobs_added_while_paging_shift_nothing(running: InProcess) -> None:
    ids = [submit(running.client)["id"] for _ in range(4)]
    first = running.client.get("/v1/jobs", params={"page_size": 2}).json()
    submit(running.client)

    second = running.client.get("/v1/jobs", params={"page_size": 2, "page_token": first["next_page_token"]}).json()

    assert [job["id"] for job in second["jobs"]] == ids[1::-1]


def test_the_list_by_status(running: InProcess) -> None:
    kept, cancelled = submit(running.client)["id"], submit(running.client)["id"]
    running.client.post(f"/v1/jobs/{cancelled}/cancel")

    def ids(status: str) -> list[str]:
        return [job["id"] for job in running.client.get("/v1/jobs", params={"status": status}).json()["jobs"]]

    assert ids("queued") == [kept]
    assert ids("cancelled") == [cancelled]
    assert ids("running") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("page_size=0", "?page_size"),
        ("page_size=201", "?page_size"),
        ("page_size=-1", "?page_size"),
        ("page_size=5.0", "?page_size"),
        ("page_size=%205", "?page_size"),
        ("page_size=1_0", "?page_size"),
        ("page_size=true", "?page_size"),
        ("page_size=", "?page_size"),
        ("page_size=" + "9" * 25, "?page_size"),
        ("page_size=%D9%A3", "?page_size"),
        ("page_size=5&page_size=6", "?page_size"),
        ("page_sise=5", "?page_sise"),
        ("limit=5", "?limit"),
        ("status=done", "?status"),
        ("status=QUEUED", "?status"),
        ("page_token=x", "?page_token"),
        ("page_token=%00", "?page_token"),
        ("page_token=" + "A" * 400, "?page_token"),
        ("page_token=" + "A" * 600, "?page_token"),
        ("page_token=am9icyAKMTIzNDU2Nzg5MDEyMzQ1Njc4OTAtYQ", "?page_token"),
        ("sort=__class__", "?sort"),
        ("sort=created_at", "?sort"),
        ("status=queued,done", "?status"),
        ("status=queued,queued", "?status"),
        ("status=", "?status"),
        ("archived=yes", "?archived"),
        ("label=" + "x" * 61, "?label"),
        ("created_after=5", "?created_after"),
        ("created_after=2026-01-01", "?created_after"),
        ("created_after=2026-01-01T00:00:00", "?created_after"),
        ("created_before=2026-13-01T00:00:00Z", "?created_before"),
        ("created_before=0001-01-01T00:00:00%2B23:00", "?created_before"),
        ("a%00b=1", "?a?b"),
    ],
)
def test_queries_that_are_refused(client: httpx.Client, query: str, pointer: str) -> None:
    body = problem_of(client.get(f"/v1/jobs?{query}"), 422, "invalid-request")

    assert pointers(body) == [pointer]


def test_a_mistyped_parameter_gets_a_hint(client: httpx.Client) -> None:
    body = problem_of(client.get("/v1/jobs?page_sise=5"), 422)

    assert "did you mean page_size?" in body["detail"]


def test_a_token_belongs_to_its_filters(running: InProcess) -> None:
    for _ in range(2):
        submit(running.client)
    token = running.client.get("/v1/jobs?page_size=1").json()["next_page_token"]

    body = problem_of(running.client.get(f"/v1/jobs?status=queued&page_token={token}"), 422)

    assert "other filters" in body["detail"]


def test_filters_and_orders_of_the_list(running: InProcess) -> None:
    named = {name: submit(running.client, name=name)["id"] for name in ("b" * 200, "\U0001f600" * 200, "a")}
    first = running.client.get("/v1/jobs", params={"sort": "name", "page_size": "2"}).json()
    rest = {"sort": "name", "page_size": "2", "page_token": first["next_page_token"]}

    assert [job["name"][0] for job in first["jobs"]] == ["a", "b"]
    assert [job["id"] for job in running.client.get("/v1/jobs", params=rest).json()["jobs"]] == [
        named["\U0001f600" * 200]
    ]

    running.client.patch(f"/v1/jobs/{named['a']}", json={"labels": ["x"], "archived": True})
    created_at = running.client.get(f"/v1/jobs/{named['a']}").json()["created_at"]
    for query, count in (
        ({}, 2),
        ({"archived": "all"}, 3),
        ({"archived": "true", "label": "x"}, 1),
        ({"status": "queued,paused", "dataset": "digits-8x8"}, 2),
        ({"status": "paused"}, 0),
        ({"name": "BB"}, 1),
        ({"archived": "all", "created_after": created_at}, 0),
        ({"archived": "all", "created_before": created_at}, 2),
        ({"archived": "all", "created_after": "2020-01-01T00:00:00+01:00"}, 3),
    ):
        assert len(running.client.get("/v1/jobs", params=query).json()["jobs"]) == count, query

    running.client.delete(f"/v1/jobs/{named['b' * 200]}")

    assert "deleted meanwhile" in problem_of(running.client.get("/v1/jobs", params=rest), 422)["detail"]


def test_cancel_is_idempotent(running: InProcess) -> None:
    job = submit(running.client)

    for _ in range(2):
        answer = running.client.post(f"/v1/jobs/{job['id']}/cancel")

        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"


def test_a_running_job_is_asked_to_end(running: InProcess, database: Database) -> None:
    job = submit(running.client)
    claim(database)

    cancelled = running.client.post(f"/v1/jobs/{job['id']}/cancel").json()

    assert cancelled["status"] == "running"
    assert cancelled["cancel_requested"] is True


def test_a_finished_job_cannot_be_cancelled(running: InProcess, database: Database) -> None:
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", stop_reason="budget")

    body = problem_of(running.client.post(f"/v1/jobs/{job['id']}/cancel"), 409, "job-finished")

    assert "succeeded" in body["detail"]


@pytest.mark.parametrize("body", [b"{}", b""])
def test_cancel_takes_an_empty_body(client: httpx.Client, body: bytes) -> None:
    job = submit(client)

    answer = client.post(f"/v1/jobs/{job['id']}/cancel", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200


@pytest.mark.parametrize("body", [[], 1, "x", {"status": "succeeded"}])
def test_cancel_takes_no_fields(client: httpx.Client, body: object) -> None:
    job = submit(client)

    problem_of(client.post(f"/v1/jobs/{job['id']}/cancel", json=body), 422)

    assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "queued"


@pytest.mark.parametrize(
    ("dataset", "asked", "told"),
    [
        ("digits-8x8", None, "accuracy"),
        ("digits-8x8", "balanced_accuracy", "balanced_accuracy"),
        ("diabetes", None, "r2"),
    ],
)
def test_a_job_says_what_its_score_is(client: httpx.Client, dataset: str, asked: str | None, told: str) -> None:
    job = client.post("/v1/jobs", json={"dataset": dataset, "metric": asked}).json()

    assert (job["metric"], job["spec"]["metric"]) == (told, told)
    assert client.get("/v1/jobs").json()["jobs"][0]["metric"] == told
