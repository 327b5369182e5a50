"""Whoever does not hold the lease writes nothing, by no method."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.errors import LeaseLost
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from service.store.models import jobs
from service.store.network_repository import NetworkRepository
from tests.service.store import samples
from tests.service.store.samples import FAR_AWAY, claim, start

CANDIDATE = samples.candidate(0)
NEXT = samples.candidate(1)

GUARDED: dict[str, Callable[[Session, Lease], object]] = {
    "renew": lambda session, lease: JobRepository(session).renew(lease, 1000),
    "release": lambda session, lease: JobRepository(session).release(lease),
    "set_phase": lambda session, lease: JobRepository(session).set_phase(lease, "final"),
    "set_fingerprint": lambda session, lease: JobRepository(session).set_fingerprint(lease, "f"),
    "succeed": lambda session, lease: JobRepository(session).finish(lease, "succeeded", verdict={}),
    "fail": lambda session, lease: JobRepository(session).finish(lease, "failed", error="x"),
    "cancel": lambda session, lease: JobRepository(session).finish(lease, "cancelled"),
    "record a candidate": lambda session, lease: CandidateRepository(session).record(lease, "search", [NEXT], []),
    "record an evaluation": lambda session, lease: CandidateRepository(session).record(
        lease, "search", [], [samples.evaluation(CANDIDATE)]
    ),
    "record nothing": lambda session, lease: CandidateRepository(session).record(lease, "search", [], []),
    "save a network": lambda session, lease: NetworkRepository(session).save(
        lease, "search", 0, CANDIDATE.architecture, b"x"
    ),
    "keep one network": lambda session, lease: NetworkRepository(session).keep_only(lease, "search", 0),
    "delete the networks": lambda session, lease: NetworkRepository(session).delete_all(lease),
}


def taken_over(database: Database, lease: Lease) -> Lease:
    with database.write() as session:
        JobRepository(session).renew(lease, -1)

    assert claim(database, FAR_AWAY) == Lease(lease.job_id, str(FAR_AWAY), 2)

    return lease


def taken_over_by_itself(database: Database, lease: Lease) -> Lease:
    with database.write() as session:
        JobRepository(session).release(lease)

    assert claim(database) == replace(lease, number=2)

    return lease


def given_back(database: Database, lease: Lease) -> Lease:
    with database.write() as session:
        JobRepository(session).release(lease)
    return lease


def finished(database: Database, lease: Lease) -> Lease:
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded")
    return lease


def deleted(database: Database, lease: Lease) -> Lease:
    with database.write() as session:
        session.execute(delete(jobs).where(jobs.c.id == lease.job_id))
    return lease


def of_the_future(_database: Database, lease: Lease) -> Lease:
    return replace(lease, number=2)


def of_somebody_else(_database: Database, lease: Lease) -> Lease:
    return replace(lease, runner=str(FAR_AWAY))


def of_another_job(_database: Database, lease: Lease) -> Lease:
    return replace(lease, job_id="another")


LOST = [
    (taken_over, "runner far-away .* holds it with lease 2"),
    (taken_over_by_itself, "runner elsewhere .* holds it with lease 2"),
    (given_back, "given back"),
    (finished, "the job is succeeded"),
    (deleted, "was deleted"),
    (of_the_future, "holds it with lease 1"),
    (of_somebody_else, "holds it with lease 1"),
    (of_another_job, "was deleted"),
]


@pytest.mark.parametrize(("lose", "message"), LOST, ids=[lose.__name__ for lose, _ in LOST])
def test_nothing_is_written_without_the_lease(
    database: Database, lose: Callable[[Database, Lease], Lease], message: str
) -> None:
    held = start(database)
    with database.write() as session:
        CandidateRepository(session).record(held, "search", [CANDIDATE], [])
        NetworkRepository(session).save(held, "search", 0, CANDIDATE.architecture, b"npz")
    lease = lose(database, held)
    before = samples.dump(database)
    for name, write in GUARDED.items():
        with pytest.raises(LeaseLost, match=message), database.write() as session:
            write(session, lease)

        assert samples.dump(database) == before, name


def test_every_method_works_with_the_lease(database: Database) -> None:
    for name, write in GUARDED.items():
        lease = start(database)
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", [CANDIDATE], [])
            NetworkRepository(session).save(lease, "search", 0, CANDIDATE.architecture, b"npz")
        before = samples.dump(database)
        with database.write() as session:
            write(session, lease)

        same = samples.dump(database) == before

        assert same == (name in {"record nothing", "keep one network", "save a network"}), name

        with database.write() as session:
            session.execute(delete(jobs))
