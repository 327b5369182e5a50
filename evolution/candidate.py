"""A proposal and its result: the two values that travel between search, evaluator and database.

A search is a pure function of its spec, its seed and these rows, so both are frozen and refuse at construction whatever
could not be stored: NaN, two outcomes at once, a seed that overflows a signed 64-bit column.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.architecture import Architecture
from core.replicates import MAX_REPLICATES, mean_and_standard_error
from core.training import Epoch, TrainingConfig
from evolution.errors import InvalidCandidate

Key = tuple[Architecture, TrainingConfig]
"""A network as searches tell networks apart: its structure, and how it is trained."""

SEED_LIMIT = 2**63
"""Seeds are stored in signed 64-bit columns."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the search believed of a candidate's fitness before it was trained: a normal distribution.

    `improvement` is the expected improvement that it was chosen for: in fitness, or with two objectives in hypervolume.
    """

    mean: float
    deviation: float
    improvement: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.deviation) and math.isfinite(self.improvement)):
            raise InvalidCandidate(f"a prediction is made of finite numbers, got {self}")
        if self.deviation < 0 or self.improvement < 0:
            raise InvalidCandidate(f"a prediction's deviation and improvement must be 0 or more, got {self}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network to train: which one, for how long, from which seed, and where the idea came from.

    `replicates` networks of this architecture are trained, with seeds that follow from `seed` (see `core.replicates`).
    `stop_after` is the number of epochs after which the training stops although its schedule is planned for
    `training.epochs` (a rung of the ladder); None runs all of them.
    """

    number: int
    parents: tuple[int, ...]
    operator: str
    seed: int
    architecture: Architecture
    training: TrainingConfig
    keep_network: bool = False
    predict_test: bool = False
    replicates: int = 1
    stop_after: int | None = None
    prediction: Prediction | None = None

    def __post_init__(self) -> None:
        if self.number < 0:
            raise InvalidCandidate(f"number must be 0 or more, got {self.number}")
        if not 0 <= self.seed < SEED_LIMIT:
            raise InvalidCandidate(f"seed must lie between 0 and 2**63 - 1, got {self.seed}")
        if not self.operator:
            raise InvalidCandidate("operator must name what made the candidate, got an empty text")
        if any(not 0 <= parent < self.number for parent in self.parents):
            raise InvalidCandidate(f"parents must come before candidate {self.number}, got {self.parents}")
        if not 1 <= self.replicates <= MAX_REPLICATES:
            raise InvalidCandidate(f"replicates must lie between 1 and {MAX_REPLICATES}, got {self.replicates}")
        if self.stop_after is not None and not 1 <= self.stop_after < self.training.epochs:
            raise InvalidCandidate(
                f"stop_after must lie between 1 and epochs - 1 = {self.training.epochs - 1}, got {self.stop_after}"
            )

    @property
    def key(self) -> Key:
        """What makes two candidates trainings of the same network."""
        return self.architecture, self.training

    @property
    def planned_epochs(self) -> int:
        """Training epochs of all replicates together, known before they are run."""
        return self.replicates * (self.training.epochs if self.stop_after is None else self.stop_after)


Outcome = tuple[
    Candidate, float | None, str | None, tuple[Epoch, ...], tuple[float, ...], int, int, bytes | None, bytes | None
]  # what `Evaluation.outcome` returns


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the training of a candidate gave: a fitness (larger is better) or an error, and what it cost.

    The fitness is the mean of `scores`, one per replicate in the order of their seeds; without any where there is a
    single one. `curve`, `network` and `test_predictions` are the first replicate's. `epochs` and `flops` were really
    spent by all replicates, `seconds` is CPU time. `network` is an .npz file, `test_predictions` holds one
    little-endian uint16 class index per test row, for regression a little-endian float64 in the target's units.
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
    scores: tuple[float, ...] = ()

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
        if len(self.scores) != (self.candidate.replicates if self._has_scores() else 0):
            raise InvalidCandidate(f"{where}: needs one score per replicate, got {len(self.scores)}")
        if not all(math.isfinite(score) for score in self.scores):
            raise InvalidCandidate(f"{where}: scores must be finite, got {self.scores}")

    def _has_scores(self) -> bool:
        return self.fitness is not None and self.candidate.replicates > 1

    @property
    def standard_error(self) -> float | None:
        """The standard error of the fitness over the replicates; None for a single one, which shows no spread."""
        return mean_and_standard_error(self.scores)[1] if self.scores else None

    def outcome(self) -> Outcome:
        """Return the fields that are equal on every run: everything but the seconds and the worker."""
        return (
            self.candidate,
            self.fitness,
            self.error,
            self.curve,
            self.scores,
            self.epochs,
            self.flops,
            self.network,
            self.test_predictions,
        )


LARGEST_SCORE = 1e50
"""Whoever computes with scores takes those further from 0 for this: squares and sums of any number then stay finite."""


def bounded(score: float) -> float:
    """Return the score, moved to within LARGEST_SCORE of 0."""
    return min(max(score, -LARGEST_SCORE), LARGEST_SCORE)


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
