"""Training networks again on fresh seeds, all of them on the same ones: first the finalists, then the final arms.

What a search reports for its winner is the luckiest value it saw, so nothing it reported is used for the comparison.
The same seeds for every arm pair the results, which takes the luck of a seed out of the differences.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.recipe import Recipe, apply_recipe
from evolution.rng import Purpose, seed63
from evolution.search import Budget
from evolution.virtual_clock_search import View, VirtualClockSearch

Operator = Literal["finalist", "retrain"]

_SEEDS_OF: Mapping[Operator, Purpose] = MappingProxyType({"finalist": Purpose.FINALISTS, "retrain": Purpose.RETRAINING})
"""A winner that was chosen on some seeds looks too good on them, so the final arms get seeds of their own."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison: a name, the network that stands for it and, where one was searched, its recipe."""

    name: str
    architecture: Architecture
    recipe: Recipe | None = None


class Retraining(VirtualClockSearch):
    """Trains every arm on `seeds` fresh seeds, seed by seed; keeps the networks of the arms named in `keep_network`.

    `operator` says which of the two phases it is, and with it which seeds are fresh.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        seeds: int,
        training: TrainingConfig,
        *,
        rows: int,
        seed: int,
        parallelism: int,
        keep_network: Collection[str] = (),
        predict_test: bool = True,
        operator: Operator = "retrain",
    ) -> None:
        names = [arm.name for arm in arms]
        if not arms or len(set(names)) != len(names):
            raise InvalidSearch(f"arms must have different names, at least one; got {names}")
        if seeds < 1:
            raise InvalidSearch(f"seeds must be 1 or more, got {seeds}")
        unknown = sorted(set(keep_network) - set(names))
        if unknown:
            raise InvalidSearch(f"keep_network names no arm: {', '.join(unknown)}; arms are {', '.join(names)}")
        super().__init__(rows=rows, seed=seed, parallelism=parallelism, budget=Budget(evaluations=len(arms) * seeds))
        self._arms = tuple(arms)
        self._training = training
        self._keep_network = frozenset(keep_network)
        self._predict_test = predict_test
        self._operator: Operator = operator
        self._seeds = tuple(seed63(seed, _SEEDS_OF[operator], index) for index in range(seeds))

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, in the order in which they are trained."""
        return self._arms

    @property
    def seeds(self) -> tuple[int, ...]:
        """The fresh seeds, which all arms share."""
        return self._seeds

    def resume(self, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]) -> None:
        """Go on from stored rows; raises SearchOrderError for rows of other arms, which another release planned."""
        for candidate in candidates:
            planned = 0 <= candidate.number < len(self._arms) * len(self._seeds)
            if not planned or candidate != self._candidate(candidate.number):
                raise SearchOrderError(
                    f"candidate {candidate.number} ({candidate.operator}) is stored as another training than the one "
                    "that is planned; the job was begun by another release"
                )
        super().resume(candidates, evaluations)

    def arm_of(self, number: int) -> Arm:
        """Return the arm that candidate `number` trains."""
        return self._arms[number % len(self._arms)]

    def seed_index_of(self, number: int) -> int:
        """Return which of the fresh seeds candidate `number` uses, counted from 0."""
        return number // len(self._arms)

    def propose(self, number: int, view: View) -> Candidate | None:  # noqa: ARG002 - no result changes the plan
        """Return candidate `number`: the arms in order, then again with the next seed."""
        return self._candidate(number)

    def kept_seeds(self, evaluations: Sequence[Evaluation]) -> tuple[int, ...]:
        """Return the indices of the seeds that every arm was trained on.

        A training that diverged is the recipe's fault and counts. One that never ran, because its worker died or memory
        ran out, says nothing about its arm: its seed is left out for every arm, as pairs must stay.
        """
        lost = {self.seed_index_of(one.candidate.number) for one in evaluations if one.error and one.epochs == 0}
        return tuple(index for index in range(len(self._seeds)) if index not in lost)

    def by_arm(self, evaluations: Sequence[Evaluation]) -> dict[str, list[Evaluation]]:
        """Return each arm's evaluations in the order of the seeds, without the seeds that the machine lost."""
        indices = set(self.kept_seeds(evaluations))
        kept: dict[str, list[Evaluation]] = {arm.name: [] for arm in self._arms}
        for evaluation in sorted(evaluations, key=lambda one: one.candidate.number):
            number = evaluation.candidate.number
            if self.seed_index_of(number) in indices:
                kept[self.arm_of(number).name].append(evaluation)
        return kept

    def _candidate(self, number: int) -> Candidate:
        arm = self.arm_of(number)
        return Candidate(
            number,
            (),
            self._operator,
            self._seeds[self.seed_index_of(number)],
            arm.architecture,
            self._training if arm.recipe is None else apply_recipe(self._training, arm.recipe),
            keep_network=arm.name in self._keep_network,
            predict_test=self._predict_test,
        )
