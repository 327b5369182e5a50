"""An evaluator that only waits, in simulated time, on as many workers as one likes; it keeps the workers' accounts.

Candidates are started in the order in which they were submitted, each on the idle worker of the lowest number. `wait`
turns the clock to the next moment at which an evaluation is ready. The time that the driver itself takes does not
count, so that everything is repeatable; where it shall count, the evaluator is given the driver's clock.
"""

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from benchmarks.simulation.workload import ATTEMPTS, Workload, curve
from core.dataset import Dataset
from core.training import predicted_flops
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.evaluation import failed_evaluation


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the workers did: one row per attempt, with its worker, start and end in nanoseconds of simulated time."""

    workers: int
    worker: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]

    @property
    def makespan(self) -> int:
        """When the last attempt ended."""
        return int(self.end.max(initial=0))

    @property
    def busy(self) -> npt.NDArray[np.int64]:
        """How long each worker was busy, shape (workers,)."""
        total = np.zeros(self.workers, np.int64)
        np.add.at(total, self.worker, self.end - self.start)
        return total

    @property
    def idle(self) -> npt.NDArray[np.int64]:
        """How long each worker had nothing to do before the makespan, shape (workers,)."""
        return self.makespan - self.busy

    @property
    def use(self) -> float:
        """The share of all workers' time that was busy: the share of the ideal throughput."""
        return _share(int(self.busy.sum()), self.workers * self.makespan)

    @property
    def use_while_fed(self) -> float:
        """The same up to the last start: without the end, when there is nothing left to begin."""
        last = int(self.start.max(initial=0))
        return _share(int((np.minimum(self.end, last) - self.start).sum()), self.workers * last)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


class SimulatedEvaluator:
    """Evaluates on `workers` simulated workers; a candidate whose worker dies is tried once more, then failed.

    With `driver_clock`, which tells nanoseconds, the time between two calls is the driver's and counts as simulated
    time too: workers that end meanwhile go on with what was submitted before, or wait.
    """

    def __init__(self, workload: Workload, workers: int, driver_clock: Callable[[], int] | None = None) -> None:
        if workers < 1:
            raise InvalidSearch(f"workers must be 1 or more, got {workers}")
        self._workload = workload
        self._workers = workers
        self._driver_clock = driver_clock
        self._left = 0 if driver_clock is None else driver_clock()
        self._now = 0
        self._queue: deque[tuple[Candidate, int]] = deque()
        self._ready: list[Evaluation] = []
        self._idle = list(range(workers))
        # (end, start, worker, dies, earlier attempts, candidate); no two have the same worker, so nothing behind it is
        # ever compared.
        self._running: list[tuple[int, int, int, bool, int, Candidate]] = []
        self._ended = array("q"), array("q"), array("q")

    @property
    def now(self) -> int:
        """The simulated time in nanoseconds."""
        return self._now

    @property
    def accounts(self) -> Accounts:
        """What the workers did in the attempts that have ended."""
        worker, start, end = (np.array(column, np.int64) for column in self._ended)
        return Accounts(self._workers, worker, start, end)

    @property
    def in_flight(self) -> int:
        """How many candidates were submitted whose evaluation was not returned yet."""
        return len(self._queue) + len(self._running) + len(self._ready)

    def use(self, dataset: Dataset) -> None:  # noqa: ARG002 - nothing is trained, so any dataset is as good
        """Go on as before; raises SearchOrderError while anything is in flight."""
        if self.in_flight:
            raise SearchOrderError("the dataset cannot change while candidates are being trained")

    def submit(self, candidate: Candidate) -> None:
        """Take a candidate; it starts now if a worker is idle."""
        self._charge()
        self._queue.append((candidate, 0))
        self._start()
        self._leave()

    def wait(self, timeout: float) -> list[Evaluation]:  # noqa: ARG002 - simulated time costs no real time
        """Return what is ready, turning the clock to the next evaluation if nothing is; by number where at once."""
        self._charge()
        while self._running and not self._ready:
            self._turn(self._running[0][0])
        ready, self._ready = self._ready, []
        self._leave()
        return ready

    def cancel(self) -> None:
        """Drop everything in flight; workers that were busy were so until now."""
        self._queue.clear()
        self._ready.clear()
        for _, start, worker, *_ in self._running:
            self._free(worker, start, self._now)
        self._running.clear()

    def close(self) -> None:
        """Drop everything in flight; closing twice is harmless."""
        self.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _charge(self) -> None:
        """Let the time pass that the driver took since it left."""
        if self._driver_clock is not None:
            self._turn(self._now + self._driver_clock() - self._left)

    def _leave(self) -> None:
        if self._driver_clock is not None:
            self._left = self._driver_clock()

    def _turn(self, moment: int) -> None:
        """Turn the clock to the moment, ending and starting on the way what ends and starts before."""
        while self._running and self._running[0][0] <= moment:
            self._now = self._running[0][0]
            ended: list[Evaluation] = []
            while self._running and self._running[0][0] == self._now:
                ended += self._end(*heappop(self._running))
            self._ready += sorted(ended, key=lambda evaluation: evaluation.candidate.number)
            self._start()
        self._now = moment

    def _start(self) -> None:
        while self._queue and self._idle:
            candidate, tried = self._queue.popleft()
            worker = heappop(self._idle)
            attempt = self._workload.attempt(candidate, tried)
            end = self._now + attempt.nanoseconds
            heappush(self._running, (end, self._now, worker, attempt.dies, tried, candidate))

    def _end(self, end: int, start: int, worker: int, dies: bool, tried: int, candidate: Candidate) -> list[Evaluation]:
        """Free the worker and return the evaluation; none when it died and the candidate is tried again."""
        self._free(worker, start, end)
        if dies and tried + 1 < ATTEMPTS:
            self._queue.appendleft((candidate, tried + 1))
            return []
        name = f"simulated/{worker}"
        seconds = 1e-9 * (end - start)
        if dies:
            return [failed_evaluation(candidate, "worker died twice", seconds=seconds, worker=name)]
        fitness = self._workload.fitness(candidate)
        epochs = candidate.training.epochs
        flops = predicted_flops(candidate.architecture, self._workload.rows, epochs)
        return [
            Evaluation(candidate, fitness, None, curve(fitness, epochs), epochs, flops, seconds=seconds, worker=name)
        ]

    def _free(self, worker: int, start: int, end: int) -> None:
        for column, value in zip(self._ended, (worker, start, end), strict=True):
            column.append(value)
        heappush(self._idle, worker)
