"""Steady-state evolution of architectures in virtual time.

There are no generations, so no worker waits for the slowest of a batch. The first `population` candidates are the
anchors that the space contains and random networks. From then on every candidate is offspring of what is visible at
its moment:

- one in ten is random, so that no region of the space is ever closed;
- a parent is the winner of a tournament among the last `population` evaluated networks, and one time in four the best
  so far. Taking the last ones only (aging) keeps a network that was once lucky from being bred from for ever: see
  Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019;
- a quarter starts from the crossover of two parents; all are mutated, 30 % a second time;
- offspring above the limit on parameters is made narrower until it fits; offspring that was proposed before is bred
  again, a bounded number of times, and then replaced by a network that was not.

Failed evaluations are visible to nobody here: they have no fitness that could be compared.
"""

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.anchors import anchors
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch
from evolution.mutation import MUTATIONS
from evolution.novelty import draw_unseen
from evolution.rng import Purpose, lend_global_random, seed63, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.toolbox import Individual, individual, make_operators
from evolution.virtual_clock_search import View, VirtualClockSearch

RANDOM_CHANCE = 0.1
BEST_CHANCE = 0.25
CROSSOVER_CHANCE = 0.25
SECOND_MUTATION_CHANCE = 0.3
BREEDING_ATTEMPTS = 20
"""How often a duplicate is bred again before a network from elsewhere takes its place."""


class EvolutionarySearch(VirtualClockSearch):
    """Evolution by tournament, crossover and mutation; `rows` is the number of training rows."""

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
        tournament: int = 3,
    ) -> None:
        super().__init__(rows=rows, seed=seed, parallelism=parallelism, budget=budget)
        if population < 1:
            raise InvalidSearch(f"population must be 1 or more, got {population}")
        if tournament < 1:
            raise InvalidSearch(f"tournament must be 1 or more, got {tournament}")
        self._space = space
        self._training = training
        self._replicates = replicates
        self._population = population
        self._anchors = anchors(space)[:population]
        self._operators = make_operators(space, tournament)

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`: an anchor, a random network, or offspring; None when the space is exhausted."""
        rng = stream(self.seed, Purpose.BREEDING, number)
        if number < len(self._anchors):
            return self._candidate(number, self._anchors[number], "anchor", ())
        if number >= self._population and view.evaluated and rng.random() >= RANDOM_CHANCE:
            for _ in range(BREEDING_ATTEMPTS):
                architecture, operator, parents = self._breed(view, rng)
                if architecture not in view.architectures:
                    return self._candidate(number, architecture, operator, parents)
        drawn = draw_unseen(self._space, view.architectures, rng)
        return None if drawn is None else self._candidate(number, *drawn, ())

    def _breed(self, view: View, rng: np.random.Generator) -> tuple[Architecture, str, tuple[int, ...]]:
        mother = self._parent(view, rng)
        architecture = mother.architecture
        parents: tuple[int, ...] = (mother.number,)
        operators: list[str] = []
        if rng.random() < CROSSOVER_CHANCE:
            father = self._parent(view, rng)
            if father.number != mother.number:
                architecture = self._operators.mate(mother.architecture, father.architecture, rng=rng)
                operators.append("crossover")
                parents = (mother.number, father.number)
        for _ in range(2 if rng.random() < SECOND_MUTATION_CHANCE else 1):
            architecture, operator = self._mutate(architecture, rng)
            operators += operator
        return self._space.fit(architecture), "+".join(operators) or "copy", parents

    def _parent(self, view: View, rng: np.random.Generator) -> Individual:
        if view.best is not None and rng.random() < BEST_CHANCE:
            return individual(view.best)
        recent = [individual(evaluation) for evaluation in view.evaluated[-self._population :]]
        with lend_global_random(int(rng.integers(2**63))):
            return self._operators.select(recent)[0]

    def _mutate(self, architecture: Architecture, rng: np.random.Generator) -> tuple[Architecture, list[str]]:
        """Apply the first of the mutations, in random order, that changes anything, and name it."""
        names = list(MUTATIONS)
        for place in rng.permutation(len(names)):
            changed = self._operators.mutation(names[place])(architecture, rng=rng)
            if changed != architecture:
                return changed, [names[place]]
        return architecture, []

    def _candidate(self, number: int, architecture: Architecture, operator: str, parents: tuple[int, ...]) -> Candidate:
        seed = seed63(self.seed, Purpose.TRAINING, number)
        return Candidate(number, parents, operator, seed, architecture, self._training, replicates=self._replicates)
