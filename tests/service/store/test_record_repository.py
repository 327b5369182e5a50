from dataclasses import replace

import pytest

from service.errors import LeaseLost
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.record_repository import Record, RecordRepository
from service.store.row_digest import RowDigest
from tests.service.store.samples import candidate, evaluation, start


def test_each_runner_begins_a_stretch_and_the_end_is_kept(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        records = RecordRepository(session)
        records.begin(lease, {"host": "one"})
        # A job may be planned twice under one lease; the first word stands.
        records.begin(lease, {"host": "other"})
        records.end(lease, RowDigest(1, "a" * 64))
        records.end(lease, RowDigest(3, "b" * 64))
    with database.read() as session:
        record = RecordRepository(session).get(lease.job_id)
        nothing = RecordRepository(session).get("nothing\0")

    assert [(one.lease_number, one.environment) for one in record.segments] == [(lease.number, {"host": "one"})]
    assert record.rows == RowDigest(3, "b" * 64)
    assert nothing == Record((), None)


def test_only_the_holder_writes(database: Database) -> None:
    lease = replace(start(database), number=99)
    with pytest.raises(LeaseLost), database.write() as session:
        RecordRepository(session).begin(lease, {})
    with pytest.raises(LeaseLost), database.write() as session:
        RecordRepository(session).end(lease, RowDigest(0, ""))


def test_machines_are_told_once(database: Database) -> None:
    lease = start(database)
    known = [candidate(number) for number in range(3)]
    workers = ("two/1", "one/2", "two/3")
    with database.write() as session:
        CandidateRepository(session).record(
            lease,
            "search",
            known,
            [evaluation(one, worker=worker) for one, worker in zip(known, workers, strict=True)],
        )
    with database.read() as session:
        assert RecordRepository(session).machines(lease.job_id) == ["one", "two"]
        assert RecordRepository(session).machines("nothing") == []
