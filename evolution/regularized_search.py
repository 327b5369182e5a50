"""Aging evolution without a surrogate: the strategy `regularized`.

After Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019, algorithm 1, in virtual
time: the population are the networks that were evaluated last, whatever their scores; the best of a random sample of it
is the parent; its child replaces the oldest. A network that was once lucky can so be bred from for a limited time only.
The first candidates are the anchors and random networks.
"""

import numpy as np

from core.training import TrainingConfig
from evolution.breeding import breed
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch
from evolution.rng import Purpose, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch
from evolution.toolbox import Individual, individual, lend_random, make_operators
from evolution.virtual_clock_search import View

BREEDING_ATTEMPTS = 20
"""How often a duplicate is bred again before a network from elsewhere takes its place."""


class RegularizedSearch(SpaceSearch):
    """Aging evolution; `rows` is the number of training rows."""

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
        population: int = 20,
        sample: int = 5,
    ) -> None:
        super().__init__(
            space, training, rows=rows, seed=seed, parallelism=parallelism, budget=budget, replicates=replicates
        )
        if population < 1:
            raise InvalidSearch(f"population must be 1 or more, got {population}")
        if sample < 1:
            raise InvalidSearch(f"sample must be 1 or more, got {sample}")
        self._population = population
        self._operators = make_operators(space, sample)

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`: an anchor, a random network, or a child; None when the space is exhausted."""
        rng = stream(self.seed, Purpose.BREEDING, number)
        anchor = self.anchor(number)
        if anchor is not None:
            return anchor
        if number >= self._population and view.evaluated:
            for _ in range(BREEDING_ATTEMPTS):
                child = breed(lambda: self._parent(view, rng), self._operators, self.space, rng)
                if child.key not in view.networks:
                    return self.candidate(number, child)
        return self.random(number, view, rng)

    def _parent(self, view: View, rng: np.random.Generator) -> Individual:
        living = [individual(evaluation) for evaluation in view.evaluated[-self._population :]]
        with lend_random(int(rng.integers(2**63))):
            return self._operators.select(living)[0]
