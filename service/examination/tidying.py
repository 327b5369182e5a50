"""Removes what is left of examinations of jobs that are gone: another process may have removed them."""

from service.examination.files import ExaminationFiles
from service.store.database import Database
from service.store.retention import still_there


def tidy_examinations(database: Database, files: ExaminationFiles) -> None:
    """Remove the examinations of jobs that are not there any more. Raises DatabaseUnavailable."""
    kept = files.jobs()
    with database.read() as session:
        there = still_there(session, kept)
    for job_id in kept:
        if job_id not in there:
            files.forget(job_id)
