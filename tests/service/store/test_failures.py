from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.failures import LOOKED_AT, Failures, latest_failures
from tests.service.store.samples import candidate, evaluation, start


def test_reasons_are_counted_by_phase_whatever_the_numbers_in_them(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(6)]
    reasons = [None, "diverged in epoch 2", "too slow", "diverged in epoch 1", None, "diverged in epoch 3"]
    outcomes = [
        evaluation(one, 0.5 if reason is None else None, error=reason)
        for one, reason in zip(proposed, reasons, strict=True)
    ]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
        CandidateRepository(session).record(lease, "final", proposed[:1], [evaluation(proposed[0], None)])
    with database.read() as session:
        found = latest_failures(session, lease.job_id, ["search", "final"])

    assert found == (
        Failures("search", "diverged in epoch 3", (5, 3, 1)),
        Failures("search", "too slow", (2,)),
        Failures("final", "diverged in epoch 2", (0,)),
    )
    assert found[0].count == 3


def test_the_latest_are_looked_at(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(LOOKED_AT + 2)]
    outcomes = [evaluation(one, None, error="early" if one.number < 2 else "late") for one in proposed]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
    with database.read() as session:
        (found,) = latest_failures(session, lease.job_id, ["search"])

    assert (found.reason, found.count, found.numbers[-1]) == ("late", LOOKED_AT, 2)
