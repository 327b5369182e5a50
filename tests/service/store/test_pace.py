from datetime import timedelta

from sqlalchemy import update

from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import now
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import evaluations, jobs
from service.store.pace import latest_calibration, pace_of_finished_jobs, recent_pace, save_calibration
from tests.service.store.samples import candidate, evaluation, get, start


def recorded(database: Database, count: int, flops: int = 1000) -> str:
    """A running job with evaluations that came a second apart, the first one an hour ago."""
    lease = start(database)
    rows = [evaluation(candidate(number, parents=()), flops=flops) for number in range(count)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate for row in rows], rows)
        began = now() - timedelta(hours=1)
        for place, key in enumerate(session.execute(evaluations.select().order_by(evaluations.c.candidate_id)).all()):
            moment = began + timedelta(seconds=place)
            session.execute(
                update(evaluations).where(evaluations.c.candidate_id == key.candidate_id).values(created_at=moment)
            )
    return lease.job_id


def test_the_pace_is_that_of_the_last_evaluations(database: Database) -> None:
    job = get(database, recorded(database, 60))
    with database.read() as session:
        pace = recent_pace(session, job, "search")

        assert pace is not None
        assert (round(pace.flops_per_second), pace.measured) == (1000, 50)
        assert recent_pace(session, job, "final") is None


def test_a_pause_is_no_part_of_the_pace(database: Database) -> None:
    job_id = recorded(database, 10)
    with database.write() as session:
        session.execute(update(jobs).values(resumed_at=now() - timedelta(seconds=3600 - 5.5)))
    job = get(database, job_id)
    with database.read() as session:
        assert recent_pace(session, job, "search") is None

    with database.write() as session:
        session.execute(update(jobs).values(resumed_at=now() - timedelta(seconds=3600 - 2.5)))
    job = get(database, job_id)
    with database.read() as session:
        pace = recent_pace(session, job, "search")

    assert pace is not None
    assert pace.measured == 7


def test_finished_jobs_of_the_owner_tell_a_pace(database: Database) -> None:
    with database.read() as session:
        assert pace_of_finished_jobs(session, "local", None) is None

    job_id = recorded(database, 4, flops=600)
    with database.write() as session:
        session.execute(update(jobs).values(search_seconds=8.0))
        repository = JobRepository(session)
        job = repository.get(job_id)

        assert pace_of_finished_jobs(session, "local", None) is None

        session.execute(update(jobs).values(status="succeeded", lease_runner=None))
        pace = pace_of_finished_jobs(session, "local", job.dataset)

        assert pace is not None
        assert (pace.flops_per_second, pace.measured) == (300.0, 1)
        assert pace_of_finished_jobs(session, "local", "iris") is None
        assert pace_of_finished_jobs(session, "ada", None) is None


def test_the_last_calibration_counts(database: Database) -> None:
    with database.write() as session:
        assert latest_calibration(session) is None

        for rate, host in ((1e6, "one"), (2e6, "two"), (3e6, "one")):
            save_calibration(session, RunnerIdentity(host, "boot", 1, 1), rate, 4)
        found = latest_calibration(session)

    assert found is not None
    assert (found.host, found.flops_per_second, found.workers) == ("one", 3e6, 4)
