"""Keeps a job's lease alive while its runner makes progress, and hears of a wish to cancel or to pause it."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from structlog.contextvars import bind_contextvars

from service.errors import DatabaseUnavailable, LeaseLost
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository

BEATS_PER_LEASE = 8
STUCK_SECONDS = 6 * 3600.0

log = logging.getLogger(__name__)


class Heartbeat:
    """A thread that renews `lease` while it is entered.

    A process that lives but is stuck must lose its lease too: six hours without `progress` end the beats.
    """

    def __init__(self, database: Database, lease: Lease, lease_seconds: float) -> None:
        self._database = database
        self._lease = lease
        self._lease_seconds = lease_seconds
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._cancel = threading.Event()
        self._pause = threading.Event()
        self._last_progress = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked to cancel the job."""
        return self._cancel.is_set()

    @property
    def pause_requested(self) -> bool:
        """Whether somebody asked to pause the job, and has not taken that back."""
        return self._pause.is_set()

    def progress(self) -> None:
        """Note that the job advances. Raises LeaseLost when another runner has the job."""
        self._last_progress = time.monotonic()
        if self._lost.is_set():
            raise LeaseLost(self._lease.job_id)

    def _beat(self) -> None:
        bind_contextvars(job=self._lease.job_id, lease=self._lease.number)
        while not self._ended.wait(self._lease_seconds / BEATS_PER_LEASE):
            if time.monotonic() - self._last_progress > STUCK_SECONDS:
                log.error("job %s makes no progress; giving up its lease", self._lease.job_id)
                self._lost.set()
                return
            try:
                with self._database.write() as session:
                    wanted = JobRepository(session).renew(self._lease, self._lease_seconds)
                if wanted.cancel_requested:
                    self._cancel.set()
                if wanted.pause_requested:
                    self._pause.set()
                else:
                    self._pause.clear()
            except LeaseLost:
                self._lost.set()
                return
            except DatabaseUnavailable as error:
                log.warning("job %s: the lease could not be renewed: %s", self._lease.job_id, error)
