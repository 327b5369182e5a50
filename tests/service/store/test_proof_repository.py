from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from service.errors import LeaseLost
from service.store.database import Database
from service.store.entities import Lease, now
from service.store.event_repository import EventRepository
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import Proof, ProofRepository, failed
from tests.service.models import found_networks, started

PROVEN = Proof("onnx", "a" * 64, 3, 355, 1e-7, {"onnxruntime": "1", "numpy": "2"}, 0.25, None, now())


@pytest.fixture
def lease(database: Database) -> Lease:
    return started(database, found_networks()["dense"])


def network_id(database: Database, lease: Lease) -> str:
    with database.read() as session:
        return NetworkRepository(session).get_for_job(lease.job_id).id


def record(database: Database, lease: Lease, proof: Proof, content: bytes | None = None) -> None:
    which = network_id(database, lease)
    with database.write() as session:
        ProofRepository(session).record(lease, which, proof, content)


def test_a_proof_comes_back_equal_and_the_first_one_stays(database: Database, lease: Lease) -> None:
    refused = failed("snippet", "it said \0 nothing", 1.5)
    record(database, lease, PROVEN, b"onn")
    record(database, lease, replace(PROVEN, sha256="b" * 64), b"other")
    record(database, lease, refused, b"never kept")
    which = network_id(database, lease)
    with database.read() as session:
        proofs = ProofRepository(session)
        loaded = proofs.load([which, "nothing"])
        contents = [proofs.content(which, format_) for format_ in ("onnx", "snippet", "npz")]
        told = [event.data for event in EventRepository(session).after(lease.job_id, 0) if event.type == "proof"]

    assert loaded == {which: (PROVEN, replace(refused, error="it said \ufffd nothing"))}
    assert contents == [b"onn", None, None]
    assert [(data["format"], data["error"]) for data in told] == [
        ("onnx", None),
        ("snippet", "it said \ufffd nothing"),
    ]


def test_only_the_holder_of_the_job_records(database: Database, lease: Lease) -> None:
    which = network_id(database, lease)
    with pytest.raises(LeaseLost), database.write() as session:
        ProofRepository(session).record(replace(lease, number=99), which, PROVEN)


@pytest.mark.parametrize("changes", [{"sha256": None}, {"seconds": float("inf")}, {"format": "pickle"}])
def test_what_proves_nothing_is_refused_by_the_table(
    changes: dict[str, object], database: Database, lease: Lease
) -> None:
    with pytest.raises(IntegrityError):
        record(database, lease, replace(PROVEN, **changes))  # type: ignore[arg-type]
