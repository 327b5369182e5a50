"""What a job spec means for a data set: its searches, the finalists, and the arms that the verdict compares."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.architecture import Architecture, Dense
from core.dataset import Dataset
from core.metrics import METRICS_OF, MetricName
from core.training import TrainingConfig
from evolution.arms import (
    EVOLUTION,
    LINEAR_REGRESSION,
    LOGISTIC_REGRESSION,
    RANDOM_SEARCH,
    SMALLEST,
    USUAL_DESIGN,
    SkippedRival,
)
from evolution.candidate import Evaluation
from evolution.finalists import choose_finalists, finalist_arms, rank_finalists, smallest_within_one_standard_error
from evolution.objectives import CostName
from evolution.recipe import Recipe, recipe_of
from evolution.recommendation import Standing, standings
from evolution.retraining import Arm, Retraining
from evolution.search import Budget, Search, StrategyName
from evolution.space import SearchSpace
from evolution.strategies import make_search
from evolution.verdict import FinalistRound
from evolution.virtual_clock_search import VirtualClockSearch
from service.data.built_in import BUILT_IN
from service.job_spec import JobSpec
from service.runner.endings import JobFailed
from service.runner.rivals import Rival, chosen_rivals
from service.store.entities import Phase

SEARCH: Final[Phase] = "search"
BASELINE: Final[Phase] = "baseline"
FINALISTS: Final[Phase] = "finalists"
FINAL: Final[Phase] = "final"

ANCHOR: Final = "anchor"
"""The operator of a candidate that the search took from its list of usual designs."""

HAND_DESIGNS: Final = {LOGISTIC_REGRESSION: (), "hand_100": (100,), "hand_128_64": (128, 64)}
"""What people choose without a search: no hidden layer, scikit-learn's default, and the textbook's funnel.

For regression the network without a hidden layer is a linear regression.
"""

Leaders = Mapping[str, tuple[Standing, ...]]
"""The best networks of each search, best first, by the name of the arm that its winner becomes."""


class Plan:
    """The phases of one job; `dataset` is standardized and has its test rows."""

    def __init__(self, spec: JobSpec, dataset: Dataset) -> None:
        self.spec = spec
        self.dataset = dataset
        self.space: SearchSpace = spec.search_space(dataset.input_shape, dataset.outputs)
        self.final_training = spec.final_training_config()
        self.training = spec.training_config()
        self.limits = spec.limits.of_trainings(self.training.epochs)

    @property
    def metric(self) -> MetricName:
        """What the score is: what the spec says, or the task's own."""
        return self.spec.metric or METRICS_OF[self.dataset.task][0]

    @property
    def predicts_numbers(self) -> bool:
        """Whether answers are numbers in the target's units; classes otherwise."""
        return self.dataset.task == "regression"

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
        built_in = BUILT_IN.get(self.dataset.name)
        return "rows" if built_in is None else built_in.row_noun

    def search(self, budget: Budget) -> VirtualClockSearch:
        """Return the search of the spec, before its first candidate; `budget` as it is by now."""
        return self._search(self.spec.strategy, budget, self.spec.cost)

    def random_search(self, searched: Sequence[Evaluation]) -> Search:
        """Return the rival: a random search that may train for as many epochs as the search really did."""
        return self._search("random", Budget(epochs=max(1, sum(evaluation.epochs for evaluation in searched))))

    def leaders(self, searched: Sequence[Evaluation], compared: Sequence[Evaluation]) -> Leaders:
        """Return the networks of each search that become finalists. Raises JobFailed where the search has none."""
        found = {self.main_arm: self._leaders(searched)}
        if not found[self.main_arm]:
            first = next((one.error for one in searched if one.error is not None), "no network was trained to the end")
            raise JobFailed(f"all {len(searched)} candidates failed; the first: {first}")
        if compared and (rivals := self._leaders(compared)):
            found[RANDOM_SEARCH] = rivals
        return found

    def finalists(self, leaders: Leaders) -> Retraining:
        """Return the phase that trains the leaders of all searches again, on fresh seeds, without the test rows."""
        return Retraining(
            arms=finalist_arms(*leaders.values(), recipes=self._has_recipes),
            seeds=self.spec.final.seeds,
            training=self.final_training,
            rows=len(self.dataset.train),
            seed=self.spec.seed,
            parallelism=self.spec.parallelism,
            predict_test=False,
            operator="finalist",
        )

    def rounds(self, leaders: Leaders, trained: Sequence[Evaluation]) -> tuple[FinalistRound, ...]:
        """Rank the finalists of each search. Raises JobFailed where none of the main search's could be trained."""
        phase = self.finalists(leaders)
        by_arm = phase.by_arm(trained)
        groups = [(arm, by_arm[arm.name]) for arm in phase.arms if by_arm[arm.name]]
        if not groups:
            raise JobFailed(f"none of the {self.spec.final.seeds} seeds of the finalists could be trained")
        rounds = tuple(
            FinalistRound(finder, rank_finalists(group, groups, recipes=self._has_recipes))
            for finder, group in leaders.items()
        )
        if rounds[0].finalists[0].mean is None:
            raise JobFailed(
                "every finalist diverged on every fresh seed with the final recipe; lower training.learning_rate or "
                "final.epochs, and see the candidates"
            )
        return rounds

    def arms(self, rounds: Sequence[FinalistRound], searched: Sequence[Evaluation]) -> tuple[Arm, ...]:
        """Return what the verdict compares: the searches' winners, the smallest that is as good, and usual designs."""
        main = rounds[0].finalists
        arms = [Arm(self.main_arm, main[0].architecture, main[0].recipe)]
        smallest = smallest_within_one_standard_error(main)
        if smallest.architecture != main[0].architecture:
            arms.append(Arm(SMALLEST, smallest.architecture, smallest.recipe))
        arms += [Arm(each.finder, each.finalists[0].architecture, each.finalists[0].recipe) for each in rounds[1:]]
        shape, outputs = self.dataset.input_shape, self.dataset.outputs
        for name, widths in HAND_DESIGNS.items():
            layers = tuple(Dense(units, "relu") for units in widths)
            called = LINEAR_REGRESSION if name == LOGISTIC_REGRESSION and self.predicts_numbers else name
            arms.append(Arm(called, Architecture(shape, layers, outputs)))
        usual = self._best_usual_design(searched)
        if usual is not None and usual not in {arm.architecture for arm in arms}:
            arms.append(Arm(USUAL_DESIGN, usual))
        return tuple(arms)

    def retraining(self, arms: Sequence[Arm]) -> Retraining:
        """Return the final phase: every arm on the same fresh seeds, with predictions for the test rows."""
        return Retraining(
            arms=arms,
            seeds=self.spec.verdict.seeds,
            training=self.final_training,
            rows=len(self.dataset.train),
            seed=self.spec.seed,
            parallelism=self.spec.parallelism,
            keep_network=(self.main_arm,),
        )

    def rivals(self) -> tuple[tuple[Rival, ...], tuple[SkippedRival, ...]]:
        """Return the other methods that take part, and those that are left out with a reason."""
        return chosen_rivals(self.dataset, self.metric) if self.spec.verdict.rivals else ((), ())

    def network(self, architecture: Architecture, training: TrainingConfig) -> tuple[Architecture, Recipe | None]:
        """Return what tells networks apart after the search: the structure and, where it was searched, the recipe."""
        return architecture, recipe_of(training) if self._has_recipes else None

    @property
    def _has_recipes(self) -> bool:
        return self.space.recipe is not None

    def _leaders(self, evaluations: Sequence[Evaluation]) -> tuple[Standing, ...]:
        return choose_finalists(standings(evaluations, self.space), self.spec.final.finalists)

    def _best_usual_design(self, searched: Sequence[Evaluation]) -> Architecture | None:
        usual = {one.candidate.architecture for one in searched if one.candidate.operator == ANCHOR}
        ranked = (standing.architecture for standing in standings(searched, self.space))
        return next((architecture for architecture in ranked if architecture in usual), None)

    def _search(self, strategy: StrategyName, budget: Budget, cost: CostName | None = None) -> VirtualClockSearch:
        return make_search(
            strategy,
            self.space,
            self.training,
            rows=len(self.dataset.train),
            seed=self.spec.seed,
            parallelism=self.spec.parallelism,
            budget=budget,
            replicates=self.spec.replicates,
            cost=cost,
            # By the spec, not by `budget`: a search that has ended is run again with its number of candidates.
            ladder=self.spec.ladder and self.spec.budget.epochs is not None,
            stopping=self.spec.stopping_rule() if strategy == self.spec.strategy else None,
        )
