"""Who is waiting for which examination: a queue that lives in the web process, worked off by processes of their own.

An examination is work that anybody who may read a job may ask for, so it is bounded on every side: by what it is
predicted to take (`asking.py`), by what its process may take, by how many run and wait at once, over all and for each
owner, and by a pause before what failed is tried again. What waits for the same job is done by one process, which loads
the data once. Nothing here outlives the web process but the files of what was found.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from service.errors import CandidateNotExaminable, ExaminationFailed, TooManyExaminations
from service.examination.files import ExaminationFiles, Kind
from service.examination.limits import (
    AT_ONCE,
    BATCH,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MAX_WAITING,
    MAX_WAITING_PER_OWNER,
    ProcessLimits,
)
from service.examination.order import Order
from service.examination.process import ExaminationProcess, ProcessEnded
from service.settings import Settings

_KEPT_FAILURES: Final = 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An examination that is not there yet; `ahead` are those that come first, `epoch` the one that it has reached."""

    state: Literal["waiting", "training"]
    ahead: int
    epoch: int
    epochs: int


@dataclass(frozen=True, slots=True)
class _Failure:
    sentence: str
    refused: bool
    until: float
    pause: float


class Examiner:
    """Gives examinations that are there, and has the others made. Its methods may be called from any thread."""

    def __init__(self, settings: Settings, limits: ProcessLimits | None = None) -> None:
        self.files = ExaminationFiles(settings.data_dir)
        self._datasets = settings.data_dir / "datasets"
        self._limits = limits or ProcessLimits(settings.examination_seconds)
        self._lock = threading.Lock()
        self._queue: OrderedDict[str, Order] = OrderedDict()
        self._running: dict[str, tuple[Order, int]] = {}
        self._failures: OrderedDict[str, _Failure] = OrderedDict()
        self._processes: dict[ExaminationProcess, str] = {}
        self._forgotten: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def find(self, order: Order, kind: Kind = "json") -> bytes | Waiting:
        """Return a file of an examination, or how far it is on its way: what is not there is begun.

        Raises TooManyExaminations where too many wait, ExaminationFailed where it failed a short while ago, and
        CandidateNotExaminable where it was found then that it cannot succeed.
        """
        key = order.key
        content = self.files.read(order.job_id, key, kind)
        if content is not None:
            return content
        with self._lock:
            if key not in self._queue and key not in self._running:
                self._require_no_failure(key)
                self._require_room(order.owner)
                self._queue[key] = order
            self._start()
            return self._waiting(key)

    def forget(self, job_id: str) -> None:
        """Drop what waits for a job, end what is made for it, and remove what was found."""
        with self._lock:
            for key in [key for key, order in self._queue.items() if order.job_id == job_id]:
                del self._queue[key]
            processes = [process for process, of_job in self._processes.items() if of_job == job_id]
            if processes:
                self._forgotten.add(job_id)
        for process in processes:
            process.stop()
        self.files.forget(job_id)

    def close(self) -> None:
        """End everything that runs, and wait until it has ended."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            processes, threads = list(self._processes), list(self._threads)
        for process in processes:
            process.stop()
        for thread in threads:
            thread.join()

    def _require_no_failure(self, key: str) -> None:
        failure = self._failures.get(key)
        if failure is not None and (left := failure.until - time.monotonic()) > 0:
            if failure.refused:
                raise CandidateNotExaminable(failure.sentence)
            raise ExaminationFailed(failure.sentence, int(left) + 1)

    def _require_room(self, owner: str) -> None:
        if len(self._queue) >= MAX_WAITING:
            raise TooManyExaminations(f"{len(self._queue)} examinations wait already; no more do at once")
        own = sum(order.owner == owner for order in self._queue.values())
        if own >= MAX_WAITING_PER_OWNER:
            raise TooManyExaminations(f"{own} examinations of yours wait already; no more do at once")

    def _waiting(self, key: str) -> Waiting:
        if key in self._running:
            order, epoch = self._running[key]
            return Waiting("training", 0, epoch, order.epochs)
        return Waiting("waiting", list(self._queue).index(key) + len(self._running), 0, self._queue[key].epochs)

    def _start(self) -> None:
        """Start a thread for what may run now; whoever calls holds the lock."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        batch = None if self._closed or len(self._processes) >= AT_ONCE else self._next_batch()
        if not batch:
            return
        first = next(iter(batch.values()))
        for key in batch:
            self._running[key] = (self._queue.pop(key), 0)
        process = ExaminationProcess(batch, self.files.folder(first.job_id), self._datasets, self._limits)
        self._processes[process] = first.job_id
        thread = threading.Thread(target=self._work, args=(process, batch), name="examiner", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _next_batch(self) -> dict[str, Order]:
        """Return the first that waits whose owner has nothing running, with others of its job, within one's limits."""
        busy = {order.owner for order, _ in self._running.values()}
        first = next((order for order in self._queue.values() if order.owner not in busy), None)
        if first is None:
            return {}
        batch: dict[str, Order] = {}
        seconds = 0.0
        for key, order in islice(((key, one) for key, one in self._queue.items() if one.job_id == first.job_id), BATCH):
            seconds += order.seconds
            if batch and seconds > self._limits.seconds:
                break
            batch[key] = order
        return batch

    def _work(self, process: ExaminationProcess, batch: Mapping[str, Order]) -> None:
        left = dict(batch)

        def hear(said: Mapping[str, Any]) -> None:
            key = said["key"]
            with self._lock:
                if "epoch" in said and key in self._running:
                    self._running[key] = (self._running[key][0], said["epoch"])
                elif left.pop(key, None) is not None:
                    self._end(key, said.get("failed") or said.get("refused"), refused="refused" in said)

        reason = "the process that trains it again ended before its time"
        try:
            self.files.make(next(iter(batch.values())).job_id)
            process.run(hear)
        except ProcessEnded as error:
            reason = str(error)
        except (OSError, ValueError, KeyError) as error:
            log.exception("an examination could not be made")
            reason = f"the process that trains it again could not be used ({type(error).__name__})"
        finally:
            self._finish(process, left, reason)

    def _end(self, key: str, failed: str | None, *, refused: bool = False) -> None:
        self._running.pop(key, None)
        if failed is None:
            self._failures.pop(key, None)
            return
        before = self._failures.pop(key, None)
        pause = FIRST_PAUSE_SECONDS if before is None else min(2 * before.pause, LONGEST_PAUSE_SECONDS)
        self._failures[key] = _Failure(failed, refused, time.monotonic() + pause, pause)
        while len(self._failures) > _KEPT_FAILURES:
            self._failures.popitem(last=False)

    def _finish(self, process: ExaminationProcess, left: Mapping[str, Order], reason: str) -> None:
        """Blame the candidate that was at work for the end of the process; the others wait again, in front."""
        with self._lock:
            job_id = self._processes.pop(process)
            if job_id in self._forgotten:
                # It may have written something since.
                self._forgotten.discard(job_id)
                self.files.forget(job_id)
                for key in left:
                    self._running.pop(key, None)
                left = {}
            for place, (key, order) in enumerate(left.items()):
                self._running.pop(key, None)
                if place == 0:
                    self._end(key, reason)
                elif not self._closed:
                    self._queue[key] = order
            for key in reversed(list(left)[1:]):
                if key in self._queue:
                    self._queue.move_to_end(key, last=False)
            self._start()
        self.files.trim()
