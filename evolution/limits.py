"""What a single training may take of the machine: time and memory.

Memory is told before any is taken (`core.memory`), so a candidate that would take too much is refused alike on every
machine. Time is not: a limit in seconds makes results depend on the machine. What went over a limit is a failed
evaluation like any other, stored as such, so that a search that is resumed goes on as it would have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from core.dataset import Dataset
from core.memory import training_bytes
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch

OUT_OF_MEMORY = "out_of_memory: the training did not fit into memory"
WORKER_DIED = "worker died twice"
"""Errors that say as much about the machine as about the candidate."""
_TIMEOUT = "timeout: "


class TimeIsOver(Exception):
    """The training has taken as long as it may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one training; None sets none.

    `seconds` are wall time for a training of up to `epochs` epochs, all replicates together; one that is planned for
    more, as those of the finalists are, gets more in proportion. `memory_bytes` count what the training adds to the
    data and to Python itself.
    """

    seconds: float | None = None
    memory_bytes: int | None = None
    epochs: int = 1

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise InvalidSearch(f"a limit in seconds must be above 0, got {self.seconds}")
        if self.memory_bytes is not None and self.memory_bytes < 1:
            raise InvalidSearch(f"a limit of memory must be 1 byte or more, got {self.memory_bytes}")
        if self.epochs < 1:
            raise InvalidSearch(f"a limit in seconds is for 1 epoch or more, got {self.epochs}")

    def seconds_for(self, candidate: Candidate) -> float | None:
        """Return how long this candidate may be trained, in seconds of wall time."""
        if self.seconds is None:
            return None
        return self.seconds * max(1.0, candidate.training.epochs / self.epochs)

    def timeout(self, candidate: Candidate) -> str:
        """Return the error of a candidate that was not trained in time."""
        return f"{_TIMEOUT}the training was not over after {self.seconds_for(candidate):g} s"

    def refusal(self, candidate: Candidate, dataset: Dataset) -> str | None:
        """Return the error of a candidate whose training would take more memory than it may; None where it fits."""
        if self.memory_bytes is None:
            return None
        needed = training_bytes(
            candidate.architecture,
            candidate.training,
            rows=len(dataset.train),
            validation_rows=len(dataset.validation),
            task=dataset.task,
            replicates=candidate.replicates,
        )
        if needed <= self.memory_bytes:
            return None
        return f"out_of_memory: the training would take {needed:,} bytes, the limit is {self.memory_bytes:,}"

    def watch(self, candidate: Candidate) -> Callable[[], None]:
        """Return what is to be called after each epoch; it raises TimeIsOver. The time begins now."""
        seconds = self.seconds_for(candidate)
        if seconds is None:
            return _go_on
        deadline = monotonic() + seconds

        def check() -> None:
            if monotonic() >= deadline:
                raise TimeIsOver

        return check


NO_LIMITS = Limits()


def is_the_machines(error: str) -> bool:
    """Whether a candidate that failed with this error might have been trained on another machine."""
    return error in {OUT_OF_MEMORY, WORKER_DIED} or error.startswith(_TIMEOUT)


def _go_on() -> None:
    """Set no limit."""
