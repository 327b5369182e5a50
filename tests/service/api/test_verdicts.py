import httpx
import numpy as np

from evolution.ledger import LedgerEntry
from evolution.verdict import ArmResult, Verdict, reach_verdict
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.api.serving import InProcess, problem_of, submit
from tests.service.store.samples import architecture, claim


def _verdict() -> Verdict:
    rng = np.random.default_rng(3)
    targets = rng.integers(10, size=200)

    def arm(name: str, accuracy: float, score: float | None) -> ArmResult:
        right = rng.random((3, 200)) < accuracy
        predictions = np.where(right, targets, (targets + 1) % 10)
        spent = LedgerEntry(3, 24, 2**40, 1.5)
        return ArmResult(name, name, architecture(4), (0.9, 0.8, 0.85), predictions, spent, spent, score)

    return reach_verdict([arm("evolution", 0.95, 0.93), arm("logistic_regression", 0.6, None)], targets)


def test_the_verdict_is_told_as_it_was_stored(running: InProcess, database: Database) -> None:
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    stored = _verdict().to_json()
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
