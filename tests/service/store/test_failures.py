from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.failures import MOST_REASONS, Failure, failures
from tests.service.store.samples import candidate, evaluation, start


def test_reasons_are_counted_by_phase(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(6)]
    reasons = [None, "diverged", "too slow", "diverged", None, "diverged"]
    outcomes = [
        evaluation(one, 0.5 if reason is None else None, error=reason)
        for one, reason in zip(proposed, reasons, strict=True)
    ]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
        CandidateRepository(session).record(lease, "final", proposed[:1], [evaluation(proposed[0], None)])
    with database.read() as session:
        found = failures(session, lease.job_id)

    assert found == (
        Failure("search", "diverged", 3, 1),
        Failure("search", "too slow", 1, 2),
        Failure("final", "diverged in epoch 2", 1, 0),
    )


def test_rare_reasons_are_left_out(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(MOST_REASONS + 2)]
    outcomes = [evaluation(one, None, error=f"reason {max(one.number, 1)}") for one in proposed]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
    with database.read() as session:
        found = failures(session, lease.job_id)

    assert len(found) == MOST_REASONS
    assert found[0] == Failure("search", "reason 1", 2, 0)
