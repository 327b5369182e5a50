from typing import Any

import httpx
import pytest

from evolution.answers import answer
from evolution.importance import Importance
from evolution.verdict import Verdict
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.evolution.builders import candidate, evaluation
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, first_format, rival, verdict_of
from tests.service.api.serving import InProcess, problem_of, submit
from tests.service.store.samples import claim


def _stored() -> dict[str, Any]:
    return verdict_of(
        arm("evolution", 0.95, search_score=0.93),
        arm("logistic_regression", 0.6),
        rivals=[rival("svc", 0.9)],
        answers=answer([evaluation(candidate(number, (8 + number,))) for number in range(3)]),
        importance=Importance(0.4, 0.5, 0.1, 0.6, 64),
    ).to_json()


def _on_numbers() -> dict[str, Any]:
    return regression_verdict(
        number_arm("evolution", 40, search_score=0.8),
        number_arm("logistic_regression", 60),
        rivals=[number_rival("svr", 30)],
    ).to_json()


@pytest.mark.parametrize(
    "stored", [_on_numbers(), _stored(), first_format()], ids=["third format", "second format", "first format"]
)
def test_the_verdict_is_told_as_it_was_stored(running: InProcess, database: Database, stored: dict[str, Any]) -> None:
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", verdict=stored)

    told = running.client.get(f"/v1/jobs/{job['id']}/verdict").json()

    assert told == stored
    assert told["sentence"]
    assert Verdict.from_json(told).comparisons[0].rival == "logistic_regression"


def test_a_job_on_its_way_has_none(client: httpx.Client) -> None:
    job = submit(client)

    body = problem_of(client.get(f"/v1/jobs/{job['id']}/verdict"), 409, "job-not-finished")

    assert "queued" in body["detail"]


def test_a_cancelled_job_has_none(client: httpx.Client) -> None:
    job = submit(client)
    client.post(f"/v1/jobs/{job['id']}/cancel")

    body = problem_of(client.get(f"/v1/jobs/{job['id']}/verdict"), 404, "verdict-not-found")

    assert body["detail"] == "the job has been cancelled without a verdict"
