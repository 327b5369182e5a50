"""Random search, the baseline: every network is drawn from the space without looking at any result.

A search that cannot beat it for the same amount of training is broken (Li and Talwalkar, "Random Search and
Reproducibility for Neural Architecture Search", UAI 2019), so it lives behind the same protocol and the same virtual
clock.
"""

from core.training import TrainingConfig
from evolution.candidate import Candidate
from evolution.novelty import draw_unseen
from evolution.rng import Purpose, seed63, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.virtual_clock_search import View, VirtualClockSearch


class RandomSearch(VirtualClockSearch):
    """Draws networks that it did not draw before; `rows` is the number of training rows."""

    def __init__(
        self,
        space: SearchSpace,
        training: TrainingConfig,
        *,
        rows: int,
        seed: int,
        parallelism: int,
        budget: Budget,
        replicates: int = 1,
    ) -> None:
        super().__init__(rows=rows, seed=seed, parallelism=parallelism, budget=budget)
        self._space = space
        self._training = training
        self._replicates = replicates

    def propose(self, number: int, view: View) -> Candidate | None:
        """Draw candidate `number`; None when the space is exhausted."""
        rng = stream(self.seed, Purpose.RANDOM_SEARCH, number)
        drawn = draw_unseen(self._space, view.architectures, rng)
        if drawn is None:
            return None
        architecture, operator = drawn
        seed = seed63(self.seed, Purpose.TRAINING, number)
        return Candidate(number, (), operator, seed, architecture, self._training, replicates=self._replicates)
