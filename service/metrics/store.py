"""What the metrics tell from the database: read when somebody asks, at most once a second."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.errors import DatabaseUnavailable
from service.store.database import Database
from service.store.entities import now
from service.store.totals import Totals, Work, read_totals, starts_since

FRESH_SECONDS: Final = 1.0
RATE_SECONDS: Final = 60.0
# A claim is stored a moment after the time that it bears, so the last minute is looked at again.
_OVERLAP: Final = timedelta(minutes=1)
_WAITS: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """How much had been done at a moment of the monotonic clock, and by how many workers it is done."""

    moment: float
    evaluations: int
    busy_seconds: float
    workers: int


class StoreCollector(Collector):
    """Turns the totals of the database into metrics; a database that is away gives `cambrian_database_up` 0 alone."""

    def __init__(self, database: Database, registry: CollectorRegistry) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._totals: Totals | None = None
        self._samples: deque[Sample] = deque()
        self._began = self._since = now()
        self._seen: dict[str, None] = {}
        self._waits = Histogram(
            "cambrian_queue_wait_seconds",
            "How long jobs had waited when a runner first took them, since this process started",
            buckets=_WAITS,
            # Shown below, after what fills it has been read.
            registry=None,
        )
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand, so that registering asks no database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, read from the database unless that was done within the last second."""
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_SECONDS:
                self._read()
                self._read_at = time.monotonic()
            totals, samples = self._totals, list(self._samples)
        yield GaugeMetricFamily(
            "cambrian_database_up", "Whether the database answered (1) or not (0)", value=float(totals is not None)
        )
        connections = self._database.connections
        pool = GaugeMetricFamily("cambrian_database_connections", "Connections of this process", labels=("state",))
        pool.add_metric(("in_use",), connections.in_use)
        pool.add_metric(("idle",), connections.idle)
        yield pool
        yield GaugeMetricFamily(
            "cambrian_database_connections_limit", "Connections of this process at most", value=connections.most
        )
        yield from self._waits.collect()
        if totals is not None:
            yield from _of_totals(totals)
            yield from _rates(samples)

    def _read(self) -> None:
        try:
            with self._database.read() as session:
                totals = read_totals(session)
                starts = starts_since(session, self._since - _OVERLAP)
        except DatabaseUnavailable as error:
            log.debug("the metrics cannot be read: %s", error)
            self._totals = None
            return
        self._totals = totals
        for start in starts:
            if start.job_id not in self._seen and start.started_at >= self._began:
                self._waits.observe(start.waited_seconds)
        if starts:
            self._since = max(self._since, starts[-1].started_at)
        self._seen = dict.fromkeys(start.job_id for start in starts)
        done = _all_work(totals)
        moment = time.monotonic()
        self._samples.append(
            Sample(
                moment,
                done.evaluated + done.failed,
                done.seconds,
                sum(runner.workers or 0 for runner in totals.runners),
            )
        )
        while len(self._samples) > 2 and moment - self._samples[1].moment > RATE_SECONDS:
            self._samples.popleft()


def _all_work(totals: Totals) -> Work:
    parts = list(totals.work.values())
    return Work(
        evaluated=sum(part.evaluated for part in parts),
        failed=sum(part.failed for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def _of_totals(totals: Totals) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("cambrian_jobs", "Jobs by status", labels=("status",))
    for status, count in totals.jobs.items():
        jobs.add_metric((status,), count)
    yield jobs
    yield GaugeMetricFamily(
        "cambrian_queue_oldest_wait_seconds",
        "How long the oldest queued job has waited; 0 when none waits",
        value=totals.oldest_wait_seconds,
    )
    counters = {
        "proposed": CounterMetricFamily("cambrian_candidates", "Candidates that were proposed", labels=("phase",)),
        "evaluated": CounterMetricFamily("cambrian_evaluations", "Evaluations with a score", labels=("phase",)),
        "failed": CounterMetricFamily("cambrian_evaluations_failed", "Evaluations without a score", labels=("phase",)),
        "epochs": CounterMetricFamily("cambrian_training_epochs", "Epochs of training", labels=("phase",)),
        "flops": CounterMetricFamily("cambrian_training_flops", "Operations of training", labels=("phase",)),
        "seconds": CounterMetricFamily(
            "cambrian_training_cpu_seconds", "CPU seconds that workers were busy training", labels=("phase",)
        ),
    }
    for phase, work in totals.work.items():
        for name, counter in counters.items():
            counter.add_metric((phase,), getattr(work, name))
    yield from counters.values()
    runners = GaugeMetricFamily("cambrian_runners", "Runners that are alive", labels=("state",))
    troubled = sum(runner.trouble is not None for runner in totals.runners)
    runners.add_metric(("working",), len(totals.runners) - troubled)
    runners.add_metric(("in_trouble",), troubled)
    yield runners
    yield GaugeMetricFamily(
        "cambrian_workers",
        "Candidates that the runners alive train at once, as far as they have told",
        value=sum(runner.workers or 0 for runner in totals.runners),
    )


def _rates(samples: list[Sample]) -> Iterator[Metric]:
    """Yield what was done per second in the last minute, by what this process saw at each asking."""
    first, last = samples[0], samples[-1]
    wall = last.moment - first.moment
    # Jobs that were deleted take their counts with them.
    evaluations = max(last.evaluations - first.evaluations, 0)
    busy = max(last.busy_seconds - first.busy_seconds, 0.0)
    yield GaugeMetricFamily(
        "cambrian_evaluations_per_second",
        "Evaluations a second over about the last minute, between the askings of this process",
        value=evaluations / wall if wall > 0 else 0.0,
    )
    yield GaugeMetricFamily(
        "cambrian_worker_use_ratio",
        "CPU seconds of trainings against wall seconds times workers, over about the last minute",
        value=busy / (wall * last.workers) if wall > 0 and last.workers else 0.0,
    )
