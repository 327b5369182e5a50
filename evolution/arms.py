"""What takes part in the verdict: the networks that were trained again, and the other methods that were fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from evolution.candidate import Evaluation
from evolution.errors import InvalidVerdict
from evolution.ledger import LedgerEntry, ledger_of

NO_ANSWER = -1
"""The prediction of a training that failed: no class, so it counts as wrong on every row. For regression it is NaN."""

EVOLUTION = "evolution"
RANDOM_SEARCH = "random_search"
SMALLEST = "smallest"
USUAL_DESIGN = "usual_design"
LOGISTIC_REGRESSION = "logistic_regression"
LINEAR_REGRESSION = "linear_regression"

NO_HIDDEN_LAYER = (LOGISTIC_REGRESSION, LINEAR_REGRESSION)
"""What a network without hidden layers is called, by the task."""

ARM_LABELS: Mapping[str, str] = MappingProxyType(
    {
        EVOLUTION: "evolution",
        SMALLEST: "the smallest network within one standard error",
        RANDOM_SEARCH: "random search with as many epochs",
        LOGISTIC_REGRESSION: "logistic regression",
        LINEAR_REGRESSION: "linear regression",
        "hand_100": "the hand design [100]",
        "hand_128_64": "the hand design [128, 64]",
        USUAL_DESIGN: "the best of the usual designs",
    }
)
"""How sentences and tables call each network."""

RIVAL_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "mlp": "scikit-learn's MLP",
        "random_forest": "scikit-learn's random forest",
        "svc": "scikit-learn's SVC",
        "svr": "scikit-learn's SVR",
    }
)
"""How they call what else could have been used, each with its default settings."""

FINDERS: Mapping[str, str] = MappingProxyType({EVOLUTION: "Evolution", RANDOM_SEARCH: "Random search"})
"""How the sentence begins when it is about this arm."""


Predictions = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ArmResult:
    """What one network showed: predictions int (seeds, rows) of class indices, NO_ANSWER in the rows of a failed seed.

    For regression they are float64, in the target's units, and NaN there.
    `validation_scores` holds one value per seed that was trained. Where a search found the network,
    `search_score` is what that search believed of it and `finalist_score` its mean on the finalists' seeds.
    """

    name: str
    label: str
    architecture: Architecture
    validation_scores: tuple[float, ...]
    predictions: Predictions
    search: LedgerEntry
    retraining: LedgerEntry
    finalists: LedgerEntry = field(default_factory=LedgerEntry)
    search_score: float | None = None
    finalist_score: float | None = None


@dataclass(frozen=True, eq=False)
class RivalResult:
    """What another method showed, fitted once per seed: predictions as those of a network, and CPU seconds in all.

    `fits` is how often it was really fitted: a method without chance is fitted once and answers alike for every seed.
    """

    name: str
    label: str
    validation_scores: tuple[float, ...]
    predictions: Predictions
    fits: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SkippedRival:
    """A method that was left out, and why."""

    name: str
    label: str
    reason: str


def arm_result(
    name: str,
    label: str,
    evaluations: Sequence[Evaluation],
    *,
    rows: int,
    numbers: bool = False,
    search: LedgerEntry | None = None,
    finalists: LedgerEntry | None = None,
    search_score: float | None = None,
    finalist_score: float | None = None,
) -> ArmResult:
    """Collect one arm's re-trainings, in the order of their seeds; `rows` is the number of test rows.

    `numbers` says that they predicted numbers, not classes. A training that failed answers nothing correctly. Raises
    InvalidVerdict where predictions are missing.
    """
    architectures = {evaluation.candidate.architecture for evaluation in evaluations}
    if len(architectures) != 1:
        raise InvalidVerdict(f"arm {name}: expected trainings of one architecture, got {len(architectures)}")
    # A training that succeeded and predicted nothing is refused below.
    predictions = [None if one.error is not None else one.test_predictions or b"" for one in evaluations]
    return ArmResult(
        name=name,
        label=label,
        architecture=architectures.pop(),
        validation_scores=tuple(one.fitness for one in evaluations if one.fitness is not None),
        predictions=read_predictions(name, predictions, rows=rows, numbers=numbers),
        search=search or LedgerEntry(),
        finalists=finalists or LedgerEntry(),
        retraining=ledger_of(evaluations),
        search_score=search_score,
        finalist_score=finalist_score,
    )


def read_predictions(
    name: str, stored: Sequence[bytes | None], *, rows: int, numbers: bool = False
) -> npt.NDArray[Any]:
    """Return (seeds, rows) from one little-endian uint16 class index per row; None, of a failed seed, is NO_ANSWER.

    `numbers` says that there is a little-endian float64 per row instead; a failed seed is NaN then.
    """
    kind, missing = ("<f8", np.nan) if numbers else ("<u2", NO_ANSWER)
    predictions = np.full((len(stored), rows), missing, np.float64 if numbers else np.int64)
    for seed, (row, content) in enumerate(zip(predictions, stored, strict=True)):
        if content is None:
            continue
        if len(content) != rows * np.dtype(kind).itemsize:
            predicted = len(content) // np.dtype(kind).itemsize
            raise InvalidVerdict(f"arm {name}: seed {seed} predicted {predicted} test rows, expected {rows}")
        row[:] = np.frombuffer(content, kind)
    return predictions


def majority_vote(predictions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return what most seeds answer for each row, (seeds, rows) -> (rows,); the lowest class where several lead.

    Seeds that failed have no vote; where all failed the row stays without an answer.
    """
    classes = np.arange(max(int(predictions.max()), 0) + 1)
    votes = (predictions[:, :, None] == classes).sum(axis=0)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), NO_ANSWER)
