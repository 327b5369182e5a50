"""Random search, the baseline: every network is drawn from the space without looking at any result.

A search that cannot beat it for the same amount of training is broken (Li and Talwalkar, "Random Search and
Reproducibility for Neural Architecture Search", UAI 2019), so it lives behind the same protocol and the same virtual
clock.
"""

from core.training import TrainingConfig
from evolution.candidate import Candidate
from evolution.rng import Purpose, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch
from evolution.virtual_clock_search import View


class RandomSearch(SpaceSearch):
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
        super().__init__(
            space,
            training,
            rows=rows,
            seed=seed,
            parallelism=parallelism,
            budget=budget,
            replicates=replicates,
            with_anchors=False,
        )

    def propose(self, number: int, view: View) -> Candidate | None:
        """Draw candidate `number`; None when the space is exhausted."""
        return self.random(number, view, stream(self.seed, Purpose.RANDOM_SEARCH, number))
