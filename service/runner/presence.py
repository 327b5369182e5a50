"""Tells the database that this runner is there, with a job or without, and what keeps it from working."""

import logging
import threading
import time
from types import TracebackType
from typing import Final, Self

from evolution.evaluation import Evaluator
from service.errors import DatabaseUnavailable
from service.runner.evaluators import worker_count
from service.store.database import Database
from service.store.lease import RunnerIdentity
from service.store.runner_repository import RunnerRepository

REPORT_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class Presence:
    """A thread that reports the runner while it is entered, and takes it off the list in the end."""

    def __init__(self, database: Database, identity: RunnerIdentity) -> None:
        self._database = database
        self._identity = identity
        self._ended = threading.Event()
        self._workers: int | None = None
        self._trouble: str | None = None
        self._counted = 0.0
        self._thread = threading.Thread(target=self._report, name="presence", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def works(self, evaluator: Evaluator) -> None:
        """Note that candidates are being trained; for the thread that uses the evaluator, as often as it likes."""
        self._trouble = None
        if time.monotonic() - self._counted > REPORT_SECONDS:
            counted = worker_count(evaluator)
            if counted is not None:
                self._workers, self._counted = counted, time.monotonic()

    def struggles(self, trouble: str) -> None:
        """Note what keeps the runner from training."""
        self._trouble = trouble

    def _report(self) -> None:
        while True:
            try:
                with self._database.write() as session:
                    RunnerRepository(session).report(self._identity, self._workers, self._trouble)
            except DatabaseUnavailable as error:
                log.debug("the runner could not be reported: %s", error)
            if self._ended.wait(REPORT_SECONDS):
                break
        try:
            with self._database.write() as session:
                RunnerRepository(session).leave(self._identity)
        except DatabaseUnavailable as error:
            log.debug("the runner could not be taken off the list: %s", error)
