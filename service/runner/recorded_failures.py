"""Takes from the record what no machine can be asked to repeat.

Whether a training is over in time, or the process that trains it is killed, depends on the machine and the moment. The
search went on from that failure, so a verification has to take it as it is stored, and trains everything else again.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from core.dataset import Dataset
from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import Evaluator
from evolution.limits import is_the_machines


class WithRecordedFailures:
    """An evaluator that answers for `recorded` evaluations which failed by the machine, and asks another for the rest.

    The other one stays open when this one is closed.
    """

    def __init__(self, evaluator: Evaluator, recorded: Iterable[Evaluation]) -> None:
        self._evaluator = evaluator
        self._failures = {
            one.candidate: one for one in recorded if one.error is not None and is_the_machines(one.error)
        }
        self._answers: list[Evaluation] = []

    @property
    def in_flight(self) -> int:
        """How many candidates were submitted whose evaluation was not returned yet."""
        return len(self._answers) + self._evaluator.in_flight

    def use(self, dataset: Dataset) -> None:
        """Train on another dataset from now on; raises SearchOrderError while anything is in flight."""
        self._evaluator.use(dataset)

    def submit(self, candidate: Candidate) -> None:
        """Take a candidate; one that failed by the machine is answered from the record."""
        if candidate in self._failures:
            self._answers.append(self._failures[candidate])
        else:
            self._evaluator.submit(candidate)

    def wait(self, timeout: float) -> list[Evaluation]:
        """Return what has finished, waiting up to about `timeout` seconds for the first one; possibly nothing."""
        if not self._answers:
            return self._evaluator.wait(timeout)
        answers, self._answers = self._answers, []
        return answers

    def cancel(self) -> None:
        """Drop everything in flight; the evaluator can be used again."""
        self._answers.clear()
        self._evaluator.cancel()

    def close(self) -> None:
        """Drop everything in flight; closing twice is harmless."""
        self.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
