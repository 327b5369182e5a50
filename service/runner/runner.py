"""The runner's loop: claim a job, execute it, claim the next."""

import logging
import threading
from contextlib import suppress
from pathlib import Path

from structlog.contextvars import bound_contextvars

from service.data.built_in import BUILT_IN
from service.data.errors import DatasetUnavailable
from service.data.prepared import load_dataset
from service.errors import DatabaseUnavailable, LeaseLost
from service.runner.calibration import DATASET, flops_per_second, workers
from service.runner.dataset_row import dataset_row
from service.runner.heartbeat import Heartbeat
from service.runner.job_run import JobRun
from service.runner.presence import Presence
from service.settings import Settings
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.network_repository import NetworkRepository
from service.store.pace import save_calibration
from service.store.queue import Queue

LEASE_SECONDS = 10.0
IDLE_SECONDS = 0.2
DATABASE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Runner:
    """Executes jobs one after the other; several runners share one database through leases."""

    def __init__(self, database: Database, settings: Settings, stop: threading.Event) -> None:
        self._database = database
        self._settings = settings
        self._stop = stop
        self._identity = RunnerIdentity.of_this_process()
        self._presence = Presence(database, self._identity)
        self._unprepared = list(BUILT_IN)
        self._calibrated = False
        self._interrupted: Lease | None = None

    def run(self) -> None:
        """Claim and execute jobs until `stop` is set; prepare data and calibrate while there is nothing to do."""
        log.info("runner %s is ready", self._identity)
        with self._presence:
            while not self._stop.is_set():
                try:
                    self._step()
                except DatabaseUnavailable as error:
                    # A job that was being executed keeps its rows; its lease ends, and some runner goes on.
                    log.warning("%s Trying again in %.0f s", error, DATABASE_SECONDS)
                    self._stop.wait(DATABASE_SECONDS)

    def _step(self) -> None:
        self._give_back()
        lease = self._claim()
        if lease is not None:
            self._execute(lease)
        elif self._unprepared:
            self._prepare(self._unprepared.pop(0))
        elif not self._calibrated:
            self._calibrated = True
            self._calibrate()
        else:
            self._stop.wait(IDLE_SECONDS)

    def _give_back(self) -> None:
        """Give back the job during which the database went away; else it would wait for the end of its lease."""
        if self._interrupted is not None:
            with suppress(LeaseLost), self._database.write() as session:
                JobRepository(session).release(self._interrupted)
            self._interrupted = None

    def _claim(self) -> Lease | None:
        with self._database.write() as session:
            return Queue(session).claim(self._identity, LEASE_SECONDS, self._settings.max_running_jobs)

    def _execute(self, lease: Lease) -> None:
        with (
            bound_contextvars(job=lease.job_id, lease=lease.number),
            Heartbeat(self._database, lease, LEASE_SECONDS) as heartbeat,
        ):
            log.info("job %s: claimed with lease %d", lease.job_id, lease.number)
            try:
                JobRun(self._database, self._settings, lease, heartbeat, self._presence, self._stop).run()
            except LeaseLost:
                log.warning("job %s: the lease was lost to another runner; leaving the job to it", lease.job_id)
            except DatabaseUnavailable:
                self._interrupted = lease
                raise
            except Exception as error:
                # A mistake of ours: without an end the job would bring down one runner after the other.
                log.exception("job %s: unexpected error", lease.job_id)
                self._give_up(lease, f"unexpected error: {type(error).__name__}; the runner's log says where")

    def _give_up(self, lease: Lease, error: str) -> None:
        with suppress(LeaseLost), self._database.write() as session:
            NetworkRepository(session).delete_all(lease)
            JobRepository(session).finish(lease, "failed", error=error)

    def _calibrate(self) -> None:
        try:
            rate = flops_per_second(load_dataset(DATASET, Path(self._settings.data_dir) / "datasets"))
        except (DatasetUnavailable, OSError) as error:
            log.warning("the pace of this machine was not measured: %s", error)
            return
        log.info("one worker trains a small network with %.2g FLOPs per second", rate)
        with self._database.write() as session:
            save_calibration(session, self._identity, rate, workers(self._settings))

    def _prepare(self, name: str) -> None:
        directory = Path(self._settings.data_dir) / "datasets"
        try:
            dataset = load_dataset(name, directory)
        except (DatasetUnavailable, OSError) as error:
            # Whoever submits a job on it hears the same; until then nobody asked.
            log.warning("data set %s could not be prepared: %s", name, error)
            return
        with self._database.write() as session:
            DatasetRepository(session).save(dataset_row(dataset))
