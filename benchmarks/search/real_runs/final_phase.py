"""The final phase, which is the product's and the same for every search: finalists, then the test rows.

The five leaders of each search are trained again on four fresh seeds, with the final recipe and without test rows; the
best mean wins. The winners and two designs made without a search are then trained on five further seeds, the same for
all, and answer the test rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.search.real_runs.searches import PARALLELISM, Found, drive
from benchmarks.search.real_runs.task import Task
from core.architecture import Architecture, Dense
from evolution.arms import arm_result
from evolution.evaluation import SerialEvaluator
from evolution.finalists import choose_finalists, finalist_arms, rank_finalists
from evolution.ledger import LedgerEntry, ledger_of
from evolution.retraining import Arm, Retraining

LEADERS: Final = 5
FINALIST_SEEDS: Final = 4
FINAL_SEEDS: Final = 5

LOGISTIC_REGRESSION: Final = "logistic regression"
HAND_DESIGN: Final = "hand design [100]"
REFERENCES: Final = {LOGISTIC_REGRESSION: (), HAND_DESIGN: (100,)}
"""The widths of what needs no search."""


@dataclass(frozen=True, eq=False)
class ArmOutcome:
    """How one arm did after one search: `correct` float (rows,) is the share of the final seeds that were right.

    `search_score` is what the search believed of the winner, `finalist_score` its mean on the finalists' seeds; both
    are validation accuracies, and None for a design that was not searched.
    """

    architecture: Architecture
    correct: npt.NDArray[np.float64]
    search_score: float | None = None
    finalist_score: float | None = None

    @property
    def accuracy(self) -> float:
        """The test accuracy, a mean over the final seeds."""
        return float(self.correct.mean())


@dataclass(frozen=True, slots=True)
class SeedOutcome:
    """What one search seed led to: the searches, the arms by name, and what the final phase cost."""

    seed: int
    found: tuple[Found, ...]
    arms: dict[str, ArmOutcome]
    finals: LedgerEntry


def final_phase(task: Task, seed: int, found: Sequence[Found]) -> SeedOutcome:
    """Train the leaders and then the winners again; raises ValueError where a search found no network."""
    dataset, test = task.dataset, task.dataset.test
    if test is None:
        raise ValueError(f"{dataset.name} has no test rows to answer")
    leaders = {one.name: choose_finalists(one.leaders, LEADERS) for one in found}
    if without := [name for name, group in leaders.items() if not group]:
        raise ValueError(f"every training of {', '.join(without)} diverged on {dataset.name}, search seed {seed}")
    finalists = _retraining(task, seed, finalist_arms(*leaders.values()), FINALIST_SEEDS, test_rows=False)
    trained = drive(finalists, SerialEvaluator(dataset.without_test()))
    by_arm = finalists.by_arm(trained)
    groups = [(arm, by_arm[arm.name]) for arm in finalists.arms]
    winners = {name: rank_finalists(group, groups)[0] for name, group in leaders.items()}

    arms = [Arm(name, winner.architecture) for name, winner in winners.items()]
    for name, widths in REFERENCES.items():
        layers = tuple(Dense(units, "relu") for units in widths)
        arms.append(Arm(name, Architecture(dataset.input_shape, layers, dataset.outputs)))
    final = _retraining(task, seed, arms, FINAL_SEEDS, test_rows=True)
    answered = drive(final, SerialEvaluator(dataset))
    outcomes = {}
    for name, group in final.by_arm(answered).items():
        result = arm_result(name, name, group, rows=len(test))
        winner = winners.get(name)
        outcomes[name] = ArmOutcome(
            result.architecture,
            (result.predictions == test.targets).mean(axis=0),
            None if winner is None else winner.search_score,
            None if winner is None else winner.mean,
        )
    return SeedOutcome(seed, tuple(found), outcomes, ledger_of([*trained, *answered]))


def _retraining(task: Task, seed: int, arms: Sequence[Arm], seeds: int, *, test_rows: bool) -> Retraining:
    return Retraining(
        arms,
        seeds,
        task.final_training,
        rows=len(task.dataset.train),
        seed=seed,
        parallelism=PARALLELISM,
        predict_test=test_rows,
        operator="retrain" if test_rows else "finalist",
    )
