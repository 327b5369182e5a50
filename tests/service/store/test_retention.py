from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from service.store import retention
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import FinalStatus, Job, now
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from service.store.models import jobs, metadata
from service.store.retention import OldJob, old_jobs, remove
from service.store.webhook_repository import WebhookRepository
from tests.service.store import samples
from tests.service.store.samples import dump, get, start


def ended(database: Database, days_ago: float, status: FinalStatus = "succeeded", candidates: int = 3) -> Job:
    lease = start(database)
    with database.write() as session:
        known = [samples.candidate(number) for number in range(candidates)]
        CandidateRepository(session).record(
            lease, "search", known, [samples.evaluation(one, network=b"npz") for one in known]
        )
        WebhookRepository(session).create(lease.job_id, "https://example.org/", ["succeeded"], "secret")
        JobRepository(session).finish(lease, status)
        WebhookRepository(session).prepare()
        session.execute(
            update(jobs).where(jobs.c.id == lease.job_id).values(finished_at=now() - timedelta(days=days_ago))
        )
    return get(database, lease.job_id)


def old(database: Database, days: float) -> list[OldJob]:
    with database.read() as session:
        return old_jobs(session, days)


def counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_only_jobs_that_ended_long_ago_are_old(database: Database) -> None:
    samples.create(database)
    running = start(database)
    third, first, second = ended(database, 8, "failed"), ended(database, 90), ended(database, 30, "cancelled")
    ended(database, 6.9)
    # Begun long ago is not ended long ago.
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == running.job_id).values(created_at=now() - timedelta(days=999)))

    found = old(database, 7)

    assert [job.id for job in found] == [first.id, second.id, third.id]
    assert found[0] == OldJob(first.id, "local", "digits", "succeeded", first.finished_at or now())
    with database.read() as session:
        assert [job.id for job in old_jobs(session, 7, 2)] == [first.id, second.id]


@pytest.mark.parametrize("chunk", [1, 2, 1_000])
def test_what_belongs_to_a_job_goes_with_it_and_nothing_else(
    database: Database, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", chunk)
    kept = ended(database, 1)
    before = dump(database)
    ended(database, 100, candidates=5)

    (job,) = old(database, 7)
    remove(database, job)

    assert dump(database) == before
    assert old(database, 7) == []
    assert get(database, kept.id) == kept


def test_what_was_half_removed_is_removed_further(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counts(database)
    ended(database, 100, candidates=5)
    monkeypatch.setattr(retention, "CHUNK", 2)
    whole = retention._remove_candidates
    left = iter([True, True])

    def interrupted(database: Database, job_id: str) -> bool:
        if not next(left, False):
            raise KeyboardInterrupt
        return whole(database, job_id)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_remove_candidates", interrupted)
        with pytest.raises(KeyboardInterrupt):
            remove(database, old(database, 7)[0])

    (job,) = old(database, 7)
    remove(database, job)

    assert counts(database) == before


def test_a_job_that_has_not_ended_is_never_removed(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [samples.candidate()], [])
    before = dump(database)
    remove(database, OldJob(lease.job_id, "local", "digits", "running", now()))

    assert dump(database) == before


def test_the_old_are_found_by_an_index(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as session:
        plan: list[Any] = [
            row[-1]
            for row in session.connection().exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE finished_at < '2026' ORDER BY finished_at, id LIMIT 100"
            )
        ]

    assert "ix_jobs_finished_at" in plan[0]

    database.close()


def test_events_are_removed_whatever_their_number(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 7)
    job = ended(database, 100)
    with database.write() as session:
        EventRepository(session).append_all(job.id, [("phase", {"phase": "search"})] * 50)
    remove(database, old(database, 7)[0])

    assert counts(database)["events"] == 0
