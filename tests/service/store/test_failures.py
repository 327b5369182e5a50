from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.failures import Failures, latest_failures
from tests.service.store.samples import candidate, evaluation, start


def fail(database: Database, *reasons: str | None) -> str:
    lease = start(database)
    candidates = [candidate(number) for number in range(len(reasons))]
    with database.write() as session:
        CandidateRepository(session).record(
            lease,
            "search",
            candidates,
            [
                evaluation(one, 0.5) if reason is None else evaluation(one, None, error=reason)
                for one, reason in zip(candidates, reasons, strict=True)
            ],
        )
    return lease.job_id


def test_reasons_are_told_apart_but_for_their_numbers(database: Database) -> None:
    job_id = fail(
        database, "diverged in epoch 3", None, "the worker died", "diverged in epoch 12", "diverged in epoch 4"
    )

    with database.read() as session:
        found = latest_failures(session, job_id, ["search", "baseline"])

    assert found == (
        Failures("search", "diverged in epoch 4", (4, 3, 0)),
        Failures("search", "the worker died", (2,)),
    )
    assert found[0].count == 3


def test_the_latest_are_looked_at(database: Database) -> None:
    job_id = fail(database, *["diverged in epoch 1"] * 4)
    with database.read() as session:
        found = latest_failures(session, job_id, ["search"], limit=2)

    assert found == (Failures("search", "diverged in epoch 1", (3, 2)),)
