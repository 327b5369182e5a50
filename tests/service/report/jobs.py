"""Jobs with results for the tests of reports, made without a search."""

from typing import Any

from sqlalchemy import update

from service.access.caller import LOCAL_OWNER
from service.report.document import read_report
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.models import jobs
from tests.service.runner.jobs import submit
from tests.service.store.samples import candidate, claim, evaluation

FAILURES = ("diverged in epoch 2", "diverged in epoch 2", "took more than 1 GB")


def judged(database: Database, verdict: dict[str, Any], **spec: Any) -> str:
    """Return the id of a job that succeeded with this verdict, and with some candidates."""
    job_id = searched(database, **spec)
    change(database, job_id, status="succeeded", verdict=verdict)
    return job_id


def searched(database: Database, **spec: Any) -> str:
    """Return the id of a running job with five candidates that have a score, three that failed, and one that waits."""
    job_id = submit(database, **spec)
    lease = claim(database)

    assert lease is not None

    proposed = [candidate(number, 4 + number) for number in range(9)]
    outcomes = [evaluation(one, (one.number + 1) / 10) for one in proposed[:5]]
    outcomes += [evaluation(one, None, error=reason) for one, reason in zip(proposed[5:8], FAILURES, strict=True)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
    change(database, job_id, owner=LOCAL_OWNER)
    return job_id


def change(database: Database, job_id: str, **values: Any) -> None:
    """Make a job's row what it is after a longer story."""
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def report_of(database: Database, job_id: str) -> dict[str, Any]:
    """Return the document of a job's report."""
    with database.read() as session:
        return read_report(session, LOCAL_OWNER, job_id)
