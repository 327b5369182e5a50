"""What a job spec means for a data set: its searches, and the arms that the verdict compares."""

from collections.abc import Sequence
from typing import Final

from core.architecture import Architecture, Dense
from core.dataset import Dataset
from evolution.candidate import Evaluation
from evolution.objectives import CostName
from evolution.retraining import Arm, Retraining
from evolution.search import Budget, Search, StrategyName
from evolution.strategies import make_search
from evolution.virtual_clock_search import VirtualClockSearch
from service.data.built_in import BUILT_IN
from service.job_spec import JobSpec
from service.store.entities import Phase

SEARCH: Final[Phase] = "search"
BASELINE: Final[Phase] = "baseline"
FINAL: Final[Phase] = "final"

EVOLUTION: Final = "evolution"
RANDOM_SEARCH: Final = "random_search"

HAND_DESIGNS: Final = {"logistic_regression": (), "hand_100": (100,), "hand_128_64": (128, 64)}
"""What people choose without a search: no hidden layer, scikit-learn's default, and the textbook's funnel."""


class Plan:
    """The phases of one job; `dataset` is standardized and has its test rows."""

    def __init__(self, spec: JobSpec, dataset: Dataset) -> None:
        self.spec = spec
        self.dataset = dataset
        self._space = spec.search_space(dataset.input_shape, dataset.outputs)
        self._training = spec.training_config()

    @property
    def main_arm(self) -> str:
        """The name of the arm that the job is about."""
        return RANDOM_SEARCH if self.spec.strategy == "random" else EVOLUTION

    @property
    def has_baseline(self) -> bool:
        """Whether a random search runs beside the search; it need not where the search is random itself."""
        return self.main_arm != RANDOM_SEARCH

    @property
    def row_noun(self) -> str:
        """What the rows of the data set are, in the plural."""
        return BUILT_IN[self.dataset.name].row_noun

    def search(self, budget: Budget) -> VirtualClockSearch:
        """Return the search of the spec, before its first candidate; `budget` as it is by now."""
        return self._search(self.spec.strategy, budget, self.spec.cost)

    def random_search(self, searched: Sequence[Evaluation]) -> Search:
        """Return the rival: a random search that may train for as many epochs as the search really did."""
        return self._search("random", Budget(epochs=max(1, sum(evaluation.epochs for evaluation in searched))))

    def arms(self, winner: Evaluation, rival: Evaluation | None) -> tuple[Arm, ...]:
        """Return what is trained again on fresh seeds: both searches' winners and the hand designs."""
        arms = [Arm(self.main_arm, winner.candidate.architecture)]
        if rival is not None:
            arms.append(Arm(RANDOM_SEARCH, rival.candidate.architecture))
        shape, outputs = self.dataset.input_shape, self.dataset.outputs
        for name, widths in HAND_DESIGNS.items():
            layers = tuple(Dense(units, "relu") for units in widths)
            arms.append(Arm(name, Architecture(shape, layers, outputs)))
        return tuple(arms)

    def retraining(self, arms: Sequence[Arm]) -> Retraining:
        """Return the final phase: every arm on the same fresh seeds, with predictions for the test rows."""
        return Retraining(
            arms=arms,
            seeds=self.spec.verdict.seeds,
            training=self._training,
            rows=len(self.dataset.train),
            seed=self.spec.seed,
            parallelism=self.spec.parallelism,
            keep_network=(self.main_arm,),
        )

    def _search(self, strategy: StrategyName, budget: Budget, cost: CostName | None = None) -> VirtualClockSearch:
        return make_search(
            strategy,
            self._space,
            self._training,
            rows=len(self.dataset.train),
            seed=self.spec.seed,
            parallelism=self.spec.parallelism,
            budget=budget,
            replicates=self.spec.replicates,
            cost=cost,
        )
