from typing import Any

import httpx
import pytest
from sqlalchemy import update

from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import jobs
from service.store.pace import save_calibration
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import candidate, claim, dump, evaluation

SMALL = {
    "dataset": "digits-8x8",
    "budget": {"evaluations": 12},
    "space": {"min_layers": 1, "max_layers": 2, "min_units": 4, "max_units": 24},
    "training": {"epochs": 3},
    "final": {"finalists": 2, "seeds": 2},
}


def plan(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/plans", json=SMALL | changes)

    assert answer.status_code == 200, answer.text

    told: dict[str, Any] = answer.json()
    return told


def test_a_plan_counts_what_a_job_would_take(running: InProcess, database: Database) -> None:
    before = dump(database)
    told = plan(running.client)

    assert told["space"]["exactly"] == str(2 * (21 + 21**2))
    assert told["space"]["structures"] == 2 * (21 + 21**2)
    assert told["space"]["description"].startswith("924 structures (1 to 2 dense layers of 4 to 24 units")
    assert told["smallest"]["description"] == "64-[4 relu]-10"
    assert told["smallest"]["parameters"] == 65 * 4 + 5 * 10
    assert told["largest"]["description"] == "64-[24 relu, 24 relu]-10"
    assert told["largest"]["training_bytes"] > told["smallest"]["training_bytes"] > 4 * 65 * 4
    assert [(one["phase"], one["trainings"], one["epochs"]) for one in told["phases"]] == [
        ("search", 12, 36),
        ("baseline", 12, 36),
        ("finalists", 8, 48),
        ("final", 35, 210),
    ]
    assert told["trainings"] == 67
    assert 0 < told["flops"] < told["most_flops"] < told["limits"]["flops"]
    assert told["time"]["basis"] == "unknown"
    assert told["time"]["seconds"] is None
    assert dump(database) == before


def test_a_space_beyond_imagination_is_counted(client: httpx.Client) -> None:
    told = plan(client, space={"max_layers": 16, "max_units": 1000}, training={"epochs": 1})

    assert told["space"]["structures"] == pytest.approx(float(told["space"]["exactly"]))
    assert len(told["space"]["exactly"]) > 40
    assert "e48 structures" in told["space"]["description"]


def test_limits_keep_the_largest_network_small(client: httpx.Client) -> None:
    told = plan(client, space={**SMALL["space"], "max_parameters": 1000})  # type: ignore[dict-item]

    assert told["space"]["at_most"] is True
    assert 900 < told["largest"]["parameters"] <= 1000


def test_a_random_search_has_no_rival_beside_it(client: httpx.Client) -> None:
    told = plan(client, strategy="random", budget={"epochs": 100})

    assert [(one["phase"], one["trainings"]) for one in told["phases"]] == [
        ("search", 34),
        ("finalists", 4),
        ("final", 30),
    ]


def test_time_is_told_from_what_was_measured(running: InProcess, database: Database) -> None:
    with database.write() as session:
        save_calibration(session, RunnerIdentity("here", "boot", 1, 1), 1e6, 2)
    told = plan(running.client)

    assert told["time"]["basis"] == "calibration"
    assert told["time"]["seconds"] == pytest.approx(told["flops"] / 2e6, abs=0.1)
    assert plan(running.client, parallelism=1)["time"]["flops_per_second"] == 1e6

    job = submit(running.client, dataset="iris")["id"]
    lease = claim(database)
    assert lease is not None
    row = evaluation(candidate(0, parents=()), flops=9_000_000)
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate], [row])
        session.execute(update(jobs).where(jobs.c.id == job).values(search_seconds=3.0))
        JobRepository(session).finish(lease, "succeeded")
    time = plan(running.client)["time"]

    assert (time["basis"], time["flops_per_second"]) == ("finished_jobs", 3e6)
    assert time["explanation"].startswith("at the pace of the searches of the last finished job, ")
    assert "on iris" in plan(running.client, dataset="iris")["time"]["explanation"]

    limited = plan(running.client, budget={"evaluations": 12, "max_seconds": 1})["time"]
    assert limited["search_seconds"] <= 1.0
    assert limited["seconds"] <= time["seconds"]


def test_what_a_job_may_not_be_a_plan_may_not(client: httpx.Client) -> None:
    problem_of(client.post("/v1/plans", json={"dataset": "none"}), 404, "dataset-not-found")
    body = problem_of(client.post("/v1/plans", json={**SMALL, "sed": 1}), 422, "invalid-spec")
    assert pointers(body) == ["/sed"]
    space = {"min_layers": 8, "max_layers": 8, "min_units": 4096, "max_units": 4096}
    assert "parameters" in problem_of(client.post("/v1/plans", json={**SMALL, "space": space}), 422)["detail"]


def test_the_time_that_is_left(running: InProcess, database: Database) -> None:
    job = submit(running.client, budget={"evaluations": 20})["id"]

    assert running.client.get(f"/v1/jobs/{job}").json()["estimate"] is None

    lease = claim(database)
    assert lease is not None
    rows = [evaluation(candidate(number, parents=()), flops=1000, epochs=8) for number in range(10)]
    for row in rows:
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", [row.candidate], [row])
    with database.write() as session:
        JobRepository(session).set_phase(lease, "search")
    told = running.client.get(f"/v1/jobs/{job}").json()["estimate"]

    assert told["search_seconds"] == pytest.approx(10 * 1000 / told["flops_per_second"], abs=0.1)
    assert told["rest_seconds"] > told["search_seconds"]
    assert "the pace of the last 10 trainings" in told["explanation"]
