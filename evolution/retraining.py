"""The last phase: every arm of the comparison is trained again on fresh seeds, all arms on the same ones.

What a search reports for its winner is the luckiest value it saw, so nothing it reported is used for the comparison.
The same seeds for every arm pair the results, which takes the luck of a seed out of the differences.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch
from evolution.rng import Purpose, seed63
from evolution.search import Budget
from evolution.virtual_clock_search import View, VirtualClockSearch


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison: a name and the network that stands for it."""

    name: str
    architecture: Architecture


class Retraining(VirtualClockSearch):
    """Trains every arm on `seeds` fresh seeds, seed by seed; keeps the networks of the arms named in `keep_network`."""

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

    def arm_of(self, number: int) -> Arm:
        """Return the arm that candidate `number` trains."""
        return self._arms[number % len(self._arms)]

    def seed_index_of(self, number: int) -> int:
        """Return which of the fresh seeds candidate `number` uses, counted from 0."""
        return number // len(self._arms)

    def propose(self, number: int, view: View) -> Candidate | None:  # noqa: ARG002 - no result changes the plan
        """Return candidate `number`: the arms in order, then again with the next seed."""
        arm = self.arm_of(number)
        return Candidate(
            number,
            (),
            "retrain",
            seed63(self.seed, Purpose.RETRAINING, self.seed_index_of(number)),
            arm.architecture,
            self._training,
            keep_network=arm.name in self._keep_network,
            predict_test=self._predict_test,
        )
