"""NSGA-II in virtual time, without a surrogate: the strategy `nsga2`.

After Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", 2002, with DEAP's selections, as a
steady state: every network that becomes visible joins the population, and of one too many the last by rank and crowding
distance leaves it; parents are the winners of binary tournaments by the same order. With the score as the only
objective it is elitist evolution. The first candidates are the anchors and random networks.
"""

from collections.abc import Iterator

import numpy as np

from core.training import TrainingConfig
from evolution.breeding import breed
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch
from evolution.objectives import CostName, log_cost
from evolution.rng import Purpose, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch
from evolution.toolbox import ParetoFitness, ParetoIndividual, lend_random, make_operators
from evolution.virtual_clock_search import View

BREEDING_ATTEMPTS = 20
"""How often a duplicate is bred again before a network from elsewhere takes its place."""

FEWEST_PARENTS = 5
"""DEAP's tournament draws four of more individuals than that."""

TOURNAMENT = 2


class Nsga2Search(SpaceSearch):
    """NSGA-II for the score and, where `cost` names one, a cost; `rows` is the number of training rows."""

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
        cost: CostName | None = None,
        population: int = 20,
    ) -> None:
        super().__init__(
            space, training, rows=rows, seed=seed, parallelism=parallelism, budget=budget, replicates=replicates
        )
        if population < FEWEST_PARENTS:
            raise InvalidSearch(f"population must be {FEWEST_PARENTS} or more, got {population}")
        self._cost = cost
        self._size = population
        self._operators = make_operators(space, TOURNAMENT)
        self._population: list[ParetoIndividual] = []
        self._joined = 0

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`: an anchor, a random network, or a child; None when the space is exhausted."""
        rng = stream(self.seed, Purpose.BREEDING, number)
        anchor = self.anchor(number)
        if anchor is not None:
            return anchor
        self._join(view)
        if number >= self._size and len(self._population) >= FEWEST_PARENTS:
            parents = self._parents(rng)
            for _ in range(BREEDING_ATTEMPTS):
                child = breed(lambda: next(parents), self._operators, self.space, rng)
                if child.key not in view.networks:
                    return self.candidate(number, child)
        return self.random(number, view, rng)

    def _join(self, view: View) -> None:
        """Take in what has become visible, one by one in its order, so that the moments of asking change nothing."""
        for evaluation in view.evaluated[self._joined :]:
            self._population.append(self._individual(evaluation))
            self._population = self._operators.survive(self._population, min(self._size, len(self._population)))
        self._joined = len(view.evaluated)

    def _individual(self, evaluation: Evaluation) -> ParetoIndividual:
        candidate = evaluation.candidate
        if evaluation.fitness is None:
            raise InvalidSearch(f"candidate {candidate.number} failed and cannot be selected")
        costs = () if self._cost is None else (-log_cost(candidate.architecture, self._cost),)
        fitness = ParetoFitness((evaluation.fitness, *costs))
        return ParetoIndividual(*candidate.key, candidate.number, fitness)

    def _parents(self, rng: np.random.Generator) -> Iterator[ParetoIndividual]:
        while True:
            with lend_random(int(rng.integers(2**63))):
                winners = self._operators.select_by_crowding(self._population, 4)
            yield from winners
