from typing import Any

import httpx
import pytest

from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import candidate, claim, evaluation


def patch(client: httpx.Client, job_id: str, body: Any, if_match: str | None = None) -> httpx.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    return client.patch(f"/v1/jobs/{job_id}", json=body, headers=headers)


def get(client: httpx.Client, job_id: str, if_none_match: str | None = None) -> httpx.Response:
    headers = {} if if_none_match is None else {"If-None-Match": if_none_match}
    return client.get(f"/v1/jobs/{job_id}", headers=headers)


def test_what_an_owner_writes_on_a_job(running: InProcess, database: Database) -> None:
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded")
    notes = "First line.\n\tSecond, with \U0001f600 and <b>.\n"
    change = {"name": "renamed", "labels": ["z", "a", "ü b"], "notes": notes, "archived": True}
    changed = patch(running.client, job["id"], change).json()

    assert {name: changed[name] for name in change} == change | {"labels": ["a", "z", "ü b"]}
    assert changed["spec"] == job["spec"]
    assert get(running.client, job["id"]).json() == changed

    # What is left out stays, and a list is replaced as a whole.
    again = patch(running.client, job["id"], {"labels": ["b"]}).json()

    assert (again["labels"], again["notes"], again["name"], again["archived"]) == (["b"], notes, "renamed", True)
    assert patch(running.client, job["id"], {"labels": [], "notes": ""}).json()["labels"] == []


def test_name_and_budget_change_together_or_not_at_all(client: httpx.Client) -> None:
    job = submit(client, budget={"evaluations": 10})
    body = problem_of(patch(client, job["id"], {"name": "new", "budget": {"evaluations": 5}}), 422)

    assert pointers(body) == ["/budget/evaluations"]
    assert get(client, job["id"]).json()["name"] == job["name"]
    changed = patch(client, job["id"], {"name": "new", "budget": {"max_seconds": 60}}).json()
    assert (changed["name"], changed["spec"]["budget"]["max_seconds"]) == ("new", 60)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": None}, "/name"),
        ({"labels": ["a", "a"]}, "/labels"),
        ({"labels": [str(number) for number in range(21)]}, "/labels"),
        ({"labels": ["x" * 61]}, "/labels/0"),
        ({"labels": [" "]}, "/labels/0"),
        ({"labels": [5]}, "/labels/0"),
        ({"labels": "a"}, "/labels"),
        ({"labels": None}, "/labels"),
        ({"notes": "x" * 10_001}, "/notes"),
        ({"notes": "a\u202eb"}, "/notes"),
        ({"notes": "a\x1b[31m"}, "/notes"),
        ({"notes": 5}, "/notes"),
        ({"archived": "true"}, "/archived"),
        ({"archived": 1}, "/archived"),
        ({"note": "x"}, "/note"),
        ({}, ""),
    ],
)
def test_what_is_not_accepted(client: httpx.Client, change: Any, pointer: str) -> None:
    job = submit(client)

    assert pointers(problem_of(patch(client, job["id"], change), 422, "invalid-spec")) == [pointer]
    assert get(client, job["id"]).json() == job


@pytest.mark.parametrize(
    "name", ["id", "status", "phase", "best", "progress", "seed", "spec", "cloned_from", "estimate"]
)
def test_the_rest_is_read_only_and_says_so(client: httpx.Client, name: str) -> None:
    body = problem_of(patch(client, submit(client)["id"], {name: "x", "archived": True}), 422)

    assert pointers(body) == [f"/{name}"]
    assert "read-only" in body["detail"]
    assert "labels" in body["detail"]


def test_a_tag_tells_one_state_of_a_job_from_another(running: InProcess, database: Database) -> None:
    job = submit(running.client)["id"]
    lease = claim(database)
    assert lease is not None
    tags = [get(running.client, job).headers["ETag"]]
    rows = [evaluation(candidate(number, parents=())) for number in range(2)]
    for row in rows:
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", [row.candidate], [row])
        tags.append(get(running.client, job).headers["ETag"])
    changes: list[dict[str, Any]] = [{"name": "other"}, {"labels": ["a"]}, {"notes": "n"}, {"archived": True}]
    tags += [patch(running.client, job, change).headers["ETag"] for change in changes]
    with database.write() as session:
        JobRepository(session).set_fingerprint(lease, "f" * 64)
    tags.append(get(running.client, job).headers["ETag"])

    assert len(set(tags)) == len(tags)

    # Only time has passed.
    answer = get(running.client, job, tags[-1])

    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tags[-1])
    assert get(running.client, job, f'"x", W/{tags[-1]}').status_code == 304
    assert get(running.client, job, tags[0]).status_code == 200


def test_a_change_of_what_was_read_only(running: InProcess) -> None:
    job = submit(running.client)["id"]
    tag = get(running.client, job).headers["ETag"]
    first = patch(running.client, job, {"notes": "mine"}, tag)

    assert first.status_code == 200
    problem_of(patch(running.client, job, {"notes": "yours"}, tag), 412, "precondition-failed")
    assert get(running.client, job).json()["notes"] == "mine"
    assert patch(running.client, job, {"notes": "yours"}, first.headers["ETag"]).status_code == 200
    assert patch(running.client, job, {"notes": "ours"}, "*").status_code == 200


def test_a_verdict_has_a_tag(running: InProcess, database: Database) -> None:
    job = submit(running.client)["id"]
    lease = claim(database)
    assert lease is not None
    stored = {"format": 1, "sentence": "s", "evolved": "e", "test_rows": 1, "arms": [], "comparisons": [], "later": 1}
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", verdict=stored)
    answer = running.client.get(f"/v1/jobs/{job}/verdict")
    again = running.client.get(f"/v1/jobs/{job}/verdict", headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.json() == stored
    assert (again.status_code, again.content) == (304, b"")


def test_labels_and_notes_may_come_with_the_job_and_are_no_part_of_its_spec(running: InProcess) -> None:
    plain = submit(running.client)
    marked = submit(running.client, labels=["thesis", "a"], notes="Two\nlines.")

    assert (plain["labels"], plain["notes"]) == ([], "")
    assert (marked["labels"], marked["notes"]) == (["a", "thesis"], "Two\nlines.")
    assert marked["spec"] == plain["spec"]
    refused = running.client.post("/v1/jobs", json={"dataset": "digits-8x8", "labels": ["a", "a"]})
    assert pointers(problem_of(refused, 422, "invalid-spec")) == ["/labels"]
