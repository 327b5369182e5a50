"""Real jobs run again from their records, and records that were tampered with."""

import copy
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, update

from core.training import Epoch
from evolution import ladder
from service.runner import budgeted_search
from service.runner.verification import (
    Difference,
    Different,
    NotComparable,
    _as_stored,
    changes_since,
    first_other_number,
    stored_digest,
    trained_on,
    verify,
)
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Phase
from service.store.models import candidates, evaluations, jobs, records, segments
from service.store.record_repository import RecordRepository
from tests.service.runner.jobs import execute, get, settings_for, submit
from tests.service.store.samples import dump

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(sqlite_url: str, data_dir: Path) -> Settings:
    return settings_for(sqlite_url, data_dir)


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def quiet(_phase: Phase, _done: int, _total: int) -> None:
    """Nobody watches."""


def difference(database: Database, settings: Settings, job_id: str) -> Difference:
    with pytest.raises(Different) as caught:
        verify(database, settings, job_id, quiet)
    return caught.value.difference


def row_id(database: Database, phase: Phase, number: int) -> int:
    with database.read() as session:
        found = session.execute(
            select(candidates.c.id).where(candidates.c.phase == phase, candidates.c.number == number)
        ).scalar_one()
    return int(found)


def tamper(database: Database, table: Table, phase: Phase, number: int, **values: Any) -> None:
    key = table.c.id if table is candidates else table.c.candidate_id
    with database.write() as session:
        session.execute(update(table).where(key == row_id(database, phase, number)).values(**values))


def test_a_job_is_equal_to_itself_and_whatever_is_tampered_with_is_named(
    database: Database, settings: Settings
) -> None:
    job_id = execute(database, settings, submit(database, training={"epochs": 4, "patience": 1})).id
    before = dump(database)
    seen: list[tuple[Phase, int, int]] = []
    equal = verify(database, settings, job_id, lambda *progress: seen.append(progress))

    assert equal["search"] == 12
    assert equal["final"] == 25
    assert equal["baseline"] >= 12
    assert seen[11] == ("search", 12, 12)
    assert len(seen) == sum(equal.values())
    assert len(trained_on(database, job_id)) == 1
    assert dump(database) == before
    _check_the_record(database, settings, job_id, equal)

    forged = copy.deepcopy(get(database, job_id).verdict)
    assert forged is not None
    forged["sentence"] = "In other words."
    with database.write() as session:
        session.execute(update(jobs).values(verdict=forged))

    assert verify(database, settings, job_id, quiet) == equal

    forged["arms"][0]["test_accuracy"] += 0.01
    with database.write() as session:
        session.execute(update(jobs).values(verdict=forged))

    assert difference(database, settings, job_id).field == "verdict/arms/0/test_accuracy"

    tamper(database, candidates, "final", 9, fitness=0.5)
    found = difference(database, settings, job_id)

    assert (found.phase, found.number, found.field) == ("final", 9, "copy of the outcome")

    tamper(database, evaluations, "final", 7, test_predictions=b"\0\0")
    found = difference(database, settings, job_id)

    assert (found.phase, found.number, found.field, found.stored) == ("final", 7, "test_predictions", "2 bytes")

    tamper(database, candidates, "baseline", 3, seed=5)
    found = difference(database, settings, job_id)

    assert (found.phase, found.number, found.field, found.stored) == ("baseline", 3, "seed", "5")

    tamper(database, evaluations, "search", 8, fitness=0.123)
    found = difference(database, settings, job_id)

    assert (found.phase, found.number, found.field, found.stored) == ("search", 8, "fitness", "0.123")

    with database.write() as session:
        session.execute(delete(candidates).where(candidates.c.id == row_id(database, "search", 5)))
    found = difference(database, settings, job_id)

    assert (found.phase, found.number, found.stored) == ("search", 5, "not stored")


def _check_the_record(database: Database, settings: Settings, job_id: str, equal: dict[Phase, int]) -> None:
    with database.read() as session:
        record = RecordRepository(session).get(job_id)
    assert record.rows == stored_digest(database, job_id)
    assert changes_since(database, settings, job_id) == []

    with database.write() as session:
        session.execute(update(records).values(rows_sha256="0" * 64))
    found = difference(database, settings, job_id)

    assert (found.field, found.stored) == ("digest of all rows in the record", "0" * 64)

    older = copy.deepcopy(record.segments[0].environment)
    older["packages"]["cambrian"] = "0.0.1"
    with database.write() as session:
        session.execute(update(segments).values(environment=older))

    # Another release may have written the same rows with other fields.
    assert verify(database, settings, job_id, quiet) == equal
    assert changes_since(database, settings, job_id) == [f"packages cambrian: 0.0.1 then, {version('cambrian')} here"]


def test_a_search_on_the_ladder_is_run_again_on_the_ladder(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether short trainings tell the long ones on these data is not what is asked here.
    monkeypatch.setattr(ladder, "TRUST", -1.0)
    space = {"max_layers": 2, "min_units": 8, "max_units": 128}
    job = execute(database, settings, submit(database, budget={"epochs": 66}, space=space))
    with database.read() as session:
        stored, _ = CandidateRepository(session).load(job.id, "search")

    assert any(one.stop_after == 1 for one in stored)
    assert verify(database, settings, job.id, quiet)["search"] == len(stored) == job.stopped_at


def test_a_job_that_the_clock_ended_is_run_again_to_the_same_candidate(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            self.now += 1.0
            return self.now

    monkeypatch.setattr(budgeted_search, "time", Clock())
    job = execute(database, settings, submit(database, budget={"evaluations": 500, "max_seconds": 20}))

    assert job.stop_reason == "time"
    assert job.stopped_at is not None
    assert 4 <= job.stopped_at < 100
    assert verify(database, settings, job.id, quiet)["search"] == job.stopped_at

    with database.write() as session:
        session.execute(update(jobs).values(stopped_at=job.stopped_at - 1))
    found = difference(database, settings, job.id)

    assert (found.phase, found.number, found.field) == ("search", job.stopped_at - 1, "candidate")
    assert (found.stored, found.again) == ("stored", "not proposed")


def test_what_has_no_whole_record_is_not_compared(database: Database, settings: Settings) -> None:
    job_id = submit(database)
    with pytest.raises(NotComparable, match="the job is queued"):
        verify(database, settings, job_id, quiet)
    with database.write() as session:
        session.execute(update(jobs).values(status="succeeded", dataset_fingerprint="0" * 64))
    with pytest.raises(NotComparable, match="data set digits-8x8 has changed"):
        verify(database, settings, job_id, quiet)
    with database.write() as session:
        session.execute(update(jobs).values(spec=get(database, job_id).spec | {"format": 2}))
    with pytest.raises(NotComparable, match="cannot read the job's spec"):
        verify(database, settings, job_id, quiet)


def test_a_curve_that_is_not_a_number_is_equal_to_itself() -> None:
    one, other = ((Epoch(math.nan, math.inf, 0.5),) for _ in range(2))

    assert _as_stored("curve", one) == _as_stored("curve", other)


def test_only_words_may_differ_in_a_verdict() -> None:
    stored = {"a": [1.0, {"b": None}], "paragraph": ["x", "y"], "word": "old"}

    assert first_other_number(stored, {"a": [1.0, {"b": None}], "paragraph": ["z"], "word": "new"}) is None
    assert first_other_number(stored, {**stored, "a": [1.0, {"b": 0.0}]}) == "/a/1/b"
    assert first_other_number(stored, {**stored, "a": [1.0]}) == "/a"
    assert first_other_number(stored, {"a": [2.0, {"b": None}]}) == ""
    assert first_other_number({"a": 1 / 3}, {"a": 1 / 3 + 1e-15}) is None
