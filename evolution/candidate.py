"""A proposal and its result: the two values that travel between search, evaluator and database.

A search is a pure function of its spec, its seed and these rows, so both are frozen and refuse at construction whatever
could not be stored: NaN, two outcomes at once, a seed that overflows a signed 64-bit column.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.architecture import Architecture
from core.training import Epoch, TrainingConfig
from evolution.errors import InvalidCandidate

SEED_LIMIT = 2**63
"""Seeds are stored in signed 64-bit columns."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network to train: which one, for how long, from which seed, and where the idea came from."""

    number: int
    parents: tuple[int, ...]
    operator: str
    seed: int
    architecture: Architecture
    training: TrainingConfig
    keep_network: bool = False
    predict_test: bool = False

    def __post_init__(self) -> None:
        if self.number < 0:
            raise InvalidCandidate(f"number must be 0 or more, got {self.number}")
        if not 0 <= self.seed < SEED_LIMIT:
            raise InvalidCandidate(f"seed must lie between 0 and 2**63 - 1, got {self.seed}")
        if not self.operator:
            raise InvalidCandidate("operator must name what made the candidate, got an empty text")
        if any(not 0 <= parent < self.number for parent in self.parents):
            raise InvalidCandidate(f"parents must come before candidate {self.number}, got {self.parents}")


Outcome = tuple[
    Candidate, float | None, str | None, tuple[Epoch, ...], int, int, bytes | None, bytes | None
]  # what `Evaluation.outcome` returns


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the training of a candidate gave: a fitness (larger is better) or an error, and what it cost.

    `epochs` and `flops` were really spent, `seconds` is CPU time. `network` is an .npz file, `test_predictions` holds
    one little-endian uint16 class index per test row.
    """

    candidate: Candidate
    fitness: float | None
    error: str | None
    curve: tuple[Epoch, ...]
    epochs: int
    flops: int
    seconds: float
    worker: str = ""
    network: bytes | None = None
    test_predictions: bytes | None = None

    def __post_init__(self) -> None:
        where = f"evaluation of candidate {self.candidate.number}"
        if (self.fitness is None) == (self.error is None):
            raise InvalidCandidate(f"{where}: needs a fitness or an error, and not both")
        if self.fitness is not None and not math.isfinite(self.fitness):
            raise InvalidCandidate(f"{where}: fitness must be finite, got {self.fitness}; give an error instead")
        if self.error == "":
            raise InvalidCandidate(f"{where}: error must say what happened, got an empty text")
        if self.epochs < 0 or self.flops < 0:
            raise InvalidCandidate(f"{where}: epochs and flops must be 0 or more, got {self.epochs} and {self.flops}")
        if not math.isfinite(self.seconds) or self.seconds < 0:
            raise InvalidCandidate(f"{where}: seconds must be finite and not negative, got {self.seconds}")

    def outcome(self) -> Outcome:
        """Return the fields that are equal on every run: everything but the seconds and the worker."""
        return (
            self.candidate,
            self.fitness,
            self.error,
            self.curve,
            self.epochs,
            self.flops,
            self.network,
            self.test_predictions,
        )


def best(evaluations: Iterable[Evaluation]) -> Evaluation | None:
    """Return the evaluation with the highest fitness, then the fewest parameters, then the lowest number.

    None where all failed.
    """
    return min(
        (evaluation for evaluation in evaluations if evaluation.fitness is not None),
        key=_rank,
        default=None,
    )


def _rank(evaluation: Evaluation) -> tuple[float, int, int]:
    if evaluation.fitness is None:
        raise InvalidCandidate(f"candidate {evaluation.candidate.number} failed and has no rank")
    return -evaluation.fitness, evaluation.candidate.architecture.parameter_count, evaluation.candidate.number
