from typing import Any

from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import candidate, claim, evaluation

SCORES = {4: 0.6, 8: 0.8, 16: 0.7, 32: 0.9}


def searched(running: InProcess, database: Database, **spec: Any) -> str:
    """A job whose search trained four networks four times, the larger ones later."""
    job_id: str = submit(running.client, **spec)["id"]
    lease = claim(database)
    assert lease is not None
    rows = [
        evaluation(candidate(number, units, parents=()), SCORES[units])
        for number, units in enumerate(units for units in SCORES for _ in range(4))
    ]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate for row in rows], rows)
    return job_id


def test_the_front_goes_from_the_smallest_to_the_best(running: InProcess, database: Database) -> None:
    job_id = searched(running, database, objectives=["score", "inference_flops"])
    front = running.client.get(f"/v1/jobs/{job_id}/front").json()

    assert front["cost"] == "inference_flops"
    assert [one["description"] for one in front["networks"]] == [f"256-[{units} relu]-10" for units in (4, 8, 32)]
    assert [one["trainings"] for one in front["networks"]] == [4, 4, 4]
    assert [one["number"] for one in front["networks"]] == [0, 4, 12]
    assert all(
        abs(one["score"] - SCORES[units]) < 0.05 for one, units in zip(front["networks"], (4, 8, 32), strict=True)
    )

    other = running.client.get(f"/v1/jobs/{job_id}/front?cost=parameters").json()

    assert other["cost"] == "parameters"
    problem_of(running.client.get(f"/v1/jobs/{job_id}/front?cost=money"), 422)


def test_a_job_that_trained_nothing_has_an_empty_front(running: InProcess) -> None:
    job_id = submit(running.client)["id"]

    assert running.client.get(f"/v1/jobs/{job_id}/front").json() == {
        "cost": "parameters",
        "metric": "accuracy",
        "networks": [],
    }


def test_a_smaller_budget_would_have_ended_with_another_network(running: InProcess, database: Database) -> None:
    job_id = searched(running, database)
    answer = running.client.get(f"/v1/jobs/{job_id}/what-if?evaluations=8").json()

    assert (answer["evaluations"], answer["stored_evaluations"], answer["epochs"]) == (8, 16, 16)
    assert answer["recommended"]["description"] == "256-[8 relu]-10"
    assert answer["recommended_by_all"]["description"] == "256-[32 relu]-10"
    assert abs(answer["gain"] - 0.1) < 0.05
    assert answer["gain"] == answer["recommended_by_all"]["score"] - answer["score_by_all"]


def test_the_whole_budget_brings_nothing_more(running: InProcess, database: Database) -> None:
    job_id = searched(running, database)
    answer = running.client.get(f"/v1/jobs/{job_id}/what-if?evaluations=16").json()

    assert answer["recommended"] == answer["recommended_by_all"]
    assert answer["gain"] == 0


def test_what_is_not_stored_cannot_be_replayed(running: InProcess, database: Database) -> None:
    job_id = searched(running, database)
    body = problem_of(running.client.get(f"/v1/jobs/{job_id}/what-if?evaluations=17"), 422, "invalid-request")

    assert pointers(body) == ["?evaluations"]
    assert "at most 16" in body["detail"]
    for query in ("", "?evaluations=0", "?evaluations=x"):
        problem_of(running.client.get(f"/v1/jobs/{job_id}/what-if{query}"), 422)
    empty = submit(running.client)["id"]

    assert (
        "no evaluation is stored"
        in problem_of(running.client.get(f"/v1/jobs/{empty}/what-if?evaluations=1"), 422)["detail"]
    )


def test_a_spec_of_another_release_is_a_conflict(running: InProcess, database: Database) -> None:
    with database.write() as session:
        job = JobRepository(session).create("newer", "digits-8x8", {"format": 2}, 0)

    body = problem_of(running.client.get(f"/v1/jobs/{job.id}/front"), 409, "conflict")

    assert "submit it again" in body["detail"]
