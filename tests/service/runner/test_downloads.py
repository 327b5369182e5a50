"""The proofs at the end of a job, over a stop in their middle, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from service.errors import LeaseLost
from service.runner.downloads import prove_downloads
from service.runner.endings import JobStopped
from service.store.database import Database
from service.store.entities import Lease
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from service.store.models import evaluations
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import Proof, ProofRepository
from tests.service.models import ROWS, found_networks, raw_rows, started

pytestmark = pytest.mark.slow

NETWORK = found_networks()["dropout"]


def run(database: Database, lease: Lease, folder: Path, obey: Callable[[], None] = lambda: None) -> None:
    prove_downloads(database, lease, ("final", 0), raw_rows(NETWORK), folder, obey)


def proofs(database: Database, lease: Lease) -> list[Proof]:
    with database.read() as session:
        network = NetworkRepository(session).of_candidate(lease.job_id, "final", 0)
        return list(ProofRepository(session).load([network.id]).get(network.id, ()))


def told(database: Database, lease: Lease) -> list[str]:
    with database.read() as session:
        events = EventRepository(session).after(lease.job_id, 0)
    return [event.data["format"] for event in events if event.type == "proof"]


def test_a_stop_between_two_formats_is_gone_on_from(database: Database, tmp_path: Path) -> None:
    lease = started(database, NETWORK)

    def stop_after_the_first() -> None:
        if proofs(database, lease):
            raise JobStopped

    with pytest.raises(JobStopped):
        run(database, lease, tmp_path, stop_after_the_first)
    first = proofs(database, lease)
    run(database, lease, tmp_path)
    after = proofs(database, lease)
    run(database, lease, tmp_path)

    assert [proof.format for proof in first] == ["npz"]
    assert [proof.format for proof in after] == ["npz", "onnx", "snippet"]
    assert first[0] in after
    assert proofs(database, lease) == after
    assert told(database, lease) == ["npz", "onnx", "snippet"]
    assert [(proof.error, proof.compared_rows) for proof in after] == [(None, ROWS)] * 3
    with database.read() as session:
        repository, network = ProofRepository(session), NetworkRepository(session).get_for_job(lease.job_id)
        assert repository.content(network.id, "npz") is None
        assert (repository.content(network.id, "onnx") or b"")[:8]
        assert b"import numpy as np" in (repository.content(network.id, "snippet") or b"")
        # What it came to counts as progress: runners that die in later proofs do not fail the job.
        assert JobRepository(session).fruitless_claims(lease.job_id) == 0


def test_answers_that_differ_from_the_stored_ones_are_a_reason_and_no_end(database: Database, tmp_path: Path) -> None:
    lease = started(database, NETWORK)
    others = ((NETWORK.predict(raw_rows(NETWORK)) + 1) % 3).astype("<u2").tobytes()
    with database.write() as session:
        session.execute(update(evaluations).values(test_predictions=others))
    run(database, lease, tmp_path)

    reason = f"{ROWS} of {ROWS} test rows get another class than the one that was measured; the first of them is row 0"
    assert [proof.error for proof in proofs(database, lease)] == [reason] * 3
    with database.read() as session:
        network = NetworkRepository(session).get_for_job(lease.job_id)
        assert ProofRepository(session).content(network.id, "onnx") is None


def test_a_runner_that_lost_the_job_stores_nothing(database: Database, tmp_path: Path) -> None:
    lease = started(database, NETWORK)
    with database.write() as session:
        JobRepository(session).release(lease)
    with pytest.raises(LeaseLost):
        run(database, lease, tmp_path)

    assert proofs(database, lease) == []


def test_a_training_without_answers_cannot_be_compared(database: Database, tmp_path: Path) -> None:
    lease = started(database, NETWORK)
    with database.write() as session:
        session.execute(update(evaluations).values(test_predictions=None))
    with pytest.raises(ValueError, match="stores no answers of candidate 0"):
        run(database, lease, tmp_path)
