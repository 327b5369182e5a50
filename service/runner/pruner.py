"""Removes old jobs by the operator's policy: at the start of the runner, and once an hour."""

import logging
import threading
from typing import Final

from service.errors import DatabaseUnavailable
from service.examination.files import ExaminationFiles
from service.settings import Settings
from service.store.database import Database
from service.store.retention import PAGE, old_jobs, remove

HOUR_SECONDS: Final = 3_600.0

log = logging.getLogger(__name__)


class Pruner:
    """Keeps finished jobs for as long as the settings say."""

    def __init__(self, database: Database, settings: Settings, stop: threading.Event) -> None:
        self._database = database
        self._settings = settings
        self._examinations = ExaminationFiles(settings.data_dir)
        self._stop = stop

    def run(self) -> None:
        """Prune now and every hour until `stop` is set."""
        while not self._stop.is_set():
            try:
                self.prune()
            except DatabaseUnavailable as error:
                log.warning("old jobs were not removed: %s", error)
            self._stop.wait(HOUR_SECONDS)

    def prune(self) -> int:
        """Remove the jobs that are too old, and return how many. Raises DatabaseUnavailable."""
        removed = sum(
            self._prune(days, archived=archived)
            for days, archived in (
                (self._settings.retention_days, False),
                (self._settings.retention_archived_days, True),
            )
            if days is not None
        )
        if removed:
            log.info("%d old jobs were removed", removed)
        return removed

    def _prune(self, days: int, *, archived: bool) -> int:
        removed = 0
        while not self._stop.is_set():
            with self._database.read() as session:
                found = old_jobs(session, days, PAGE, archived=archived)
            for job in found:
                if self._stop.is_set():
                    break
                remove(self._database, job)
                self._examinations.forget(job.id)
                removed += 1
                log.info("job %s (%s) ended more than %d days ago and was removed", job.id, job.status, days)
            if len(found) < PAGE:
                break
        return removed
