from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from service.errors import Conflict, JobFinished, JobNotFound, JobRunning, LeaseLost
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import FINAL_STATUSES, FinalStatus, Held, Job, Lease
from service.store.event_repository import EventRepository
from service.store.job_control import JobControl
from service.store.job_repository import JobRepository
from service.store.models import jobs, metadata
from service.store.network_repository import NetworkRepository
from tests.service.store import samples
from tests.service.store.many_candidates import job_with
from tests.service.store.samples import claim, create, get, start


def control(database: Database, what: Callable[[JobControl, str], Job | None], job_id: str) -> Job | None:
    with database.write() as session:
        return what(JobControl(session), job_id)


def pause(database: Database, job_id: str) -> Job:
    job = control(database, JobControl.pause, job_id)
    assert job is not None
    return job


def resume(database: Database, job_id: str) -> Job:
    job = control(database, JobControl.resume, job_id)
    assert job is not None
    return job


def delete(database: Database, job_id: str) -> None:
    control(database, JobControl.delete, job_id)


def give_back_paused(database: Database, lease: Lease) -> Job:
    with database.write() as session:
        JobRepository(session).pause(lease)
    return get(database, lease.job_id)


def renew(database: Database, lease: Lease) -> Held:
    with database.write() as session:
        return JobRepository(session).renew(lease, 1000)


def told(database: Database, job_id: str) -> list[str]:
    with database.read() as session:
        events = EventRepository(session).after(job_id, 0)
    return [str(event.data.get("status", event.type)) for event in events]


def test_a_job_that_waits_is_paused_at_once_and_is_not_claimed(database: Database) -> None:
    job = create(database)
    for _ in range(2):
        assert pause(database, job.id).status == "paused"

    assert claim(database) is None

    for _ in range(2):
        assert resume(database, job.id).status == "queued"

    assert claim(database) == Lease(job.id, str(samples.ELSEWHERE), 1)
    assert told(database, job.id) == ["queued", "paused", "queued", "running"]


def test_the_runner_of_a_job_is_asked_and_gives_it_back(database: Database) -> None:
    lease = start(database)

    assert renew(database, lease) == Held(cancel_requested=False, pause_requested=False)

    for _ in range(2):
        assert pause(database, lease.job_id).pause_requested
    assert get(database, lease.job_id).status == "running"
    assert renew(database, lease) == Held(cancel_requested=False, pause_requested=True)

    job = give_back_paused(database, lease)

    assert (job.status, job.pause_requested, job.lease_runner) == ("paused", False, None)
    assert told(database, lease.job_id) == ["queued", "running", "pause_requested", "paused"]
    with pytest.raises(LeaseLost, match="the job is paused"):
        renew(database, lease)

    resumed = resume(database, lease.job_id)

    assert resumed.status == "queued"
    assert resumed.resumed_at is not None
    assert claim(database) == Lease(lease.job_id, lease.runner, 2)


def test_a_pause_is_taken_back_before_the_runner_follows(database: Database) -> None:
    lease = start(database)
    pause(database, lease.job_id)

    assert not resume(database, lease.job_id).pause_requested
    assert told(database, lease.job_id)[-1] == "resume_requested"

    # The runner had heard of it already.
    job = give_back_paused(database, lease)

    assert (job.status, job.lease_runner) == ("running", None)
    assert claim(database) is not None


def test_a_cancel_comes_before_a_pause(database: Database) -> None:
    lease = start(database)
    pause(database, lease.job_id)
    with database.write() as session:
        JobRepository(session).request_cancel(lease.job_id)

    with pytest.raises(Conflict, match="being cancelled"):
        pause(database, lease.job_id)

    job = give_back_paused(database, lease)

    assert (job.status, job.cancel_requested, job.lease_runner) == ("running", True, None)


def test_a_job_that_no_runner_holds_is_paused_at_once(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        JobRepository(session).release(lease)

    assert pause(database, lease.job_id).status == "paused"


def test_a_paused_job_that_is_cancelled_has_no_network(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        NetworkRepository(session).save(lease, "final", 0, samples.architecture(3), b"npz")
    pause(database, lease.job_id)
    give_back_paused(database, lease)
    with database.write() as session:
        job = JobRepository(session).request_cancel(lease.job_id)

    assert job.status == "cancelled"
    assert samples.dump(database)["networks"] == []


@pytest.mark.parametrize("status", FINAL_STATUSES)
def test_a_job_that_has_ended_is_neither_paused_nor_resumed_but_deleted(
    database: Database, status: FinalStatus
) -> None:
    lease = start(database)
    with database.write() as session:
        JobRepository(session).finish(lease, status)
    before = samples.dump(database)

    for change in (pause, resume):
        with pytest.raises(JobFinished):
            change(database, lease.job_id)

    assert samples.dump(database) == before

    delete(database, lease.job_id)

    with pytest.raises(JobNotFound):
        get(database, lease.job_id)


def test_a_job_that_runs_is_not_deleted(database: Database) -> None:
    lease = start(database)
    for _ in range(2):
        with pytest.raises(JobRunning, match="cancel it first"):
            delete(database, lease.job_id)
        # Whether a runner holds it or it waits for the next one.
        with database.write() as session:
            session.execute(update(jobs).values(lease_runner=None))


def test_who_still_holds_a_deleted_job_writes_nothing(database: Database) -> None:
    lease = start(database)
    pause(database, lease.job_id)
    give_back_paused(database, lease)
    delete(database, lease.job_id)

    with pytest.raises(LeaseLost, match="was deleted"), database.write() as session:
        CandidateRepository(session).record(lease, "search", [samples.candidate()], [])


def test_pauses_do_not_count_as_runners_that_failed(database: Database) -> None:
    lease = start(database)
    for number in range(1, 4):
        with database.read() as session:
            assert JobRepository(session).fruitless_claims(lease.job_id) == 1
        pause(database, lease.job_id)
        give_back_paused(database, Lease(lease.job_id, lease.runner, number))
        resume(database, lease.job_id)
        claim(database)


def test_others_jobs_are_not_there(database: Database) -> None:
    job = create(database)
    with database.write() as session:
        others = JobControl(session, "somebody else")
        for change in (others.pause, others.resume, others.delete):
            with pytest.raises(JobNotFound):
                change(job.id)

    assert get(database, job.id) == job


@pytest.mark.slow
def test_a_job_with_many_candidates_is_deleted_whole(database: Database) -> None:
    job_id = job_with(database, 20_000)
    kept = create(database)
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(status="cancelled"))
    delete(database, job_id)
    with database.read() as session:
        for table in metadata.sorted_tables:
            if "job_id" in table.c:
                assert set(session.execute(select(table.c.job_id)).scalars()) <= {kept.id}
    dumped = samples.dump(database)

    assert dumped["evaluations"] == dumped["candidates"] == []
