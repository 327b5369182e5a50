"""Evolution screened by a surrogate for two objectives, in virtual time: a high score and a small cost.

As `evolution.evolutionary_search`, with the front in the place of the best network. The front are the networks that no
other beats in both, judged by posterior mean; the cost (parameters or FLOPs) is known exactly before any training.
Parents are members of the front and, one time in four, networks that were started last. Of the offspring the one is
trained whose expected gain in hypervolume is largest: the area between the front and a reference corner, with the cost
on a logarithmic scale. The corner is the largest network of the space and the score of the one without hidden layers,
below which nobody needs a search. Nothing is repeated: a front has many members, and on tables of real trainings a new
network brought more than a second look at one of them.

Scores are not clipped here: small networks with low scores are members of the front, too.
"""

import numpy as np

from core.training import TrainingConfig
from evolution.acquisition import expected_hypervolume_gain
from evolution.belief import Belief, Believer
from evolution.breeding import brood
from evolution.candidate import Candidate, Prediction
from evolution.evolutionary_search import (
    FIRST_CANDIDATES,
    OFFSPRING,
    RECENT,
    TOURNAMENT,
    UNSCREENED_SHARE,
)
from evolution.features import FeatureMap
from evolution.objectives import CostName, front, largest_log_cost, log_cost
from evolution.rng import Purpose, stream
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch
from evolution.surrogate import FloatArray
from evolution.toolbox import Fitness, Individual, make_operators
from evolution.virtual_clock_search import View

RECENT_CHANCE = 0.25


class ParetoSearch(SpaceSearch):
    """Evolution with a surrogate for score and `cost`; `rows` is the number of training rows."""

    def __init__(
        self,
        space: SearchSpace,
        training: TrainingConfig,
        *,
        rows: int,
        seed: int,
        parallelism: int,
        budget: Budget,
        cost: CostName,
        replicates: int = 1,
    ) -> None:
        super().__init__(
            space, training, rows=rows, seed=seed, parallelism=parallelism, budget=budget, replicates=replicates
        )
        self._cost: CostName = cost
        self._largest = largest_log_cost(space, cost)
        self._operators = make_operators(space, TOURNAMENT)
        self._believer = Believer(FeatureMap(space), clip=False)

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`: an anchor, a random network, a repeat, or screened offspring."""
        rng = stream(self.seed, Purpose.BREEDING, number)
        anchor = self.anchor(number)
        if anchor is not None:
            return anchor
        belief = self._believer.belief(view) if number >= FIRST_CANDIDATES else None
        if belief is None:
            return self.random(number, view, rng)
        costs = np.array([log_cost(architecture, self._cost) for architecture, _ in belief.keys[: belief.trained]])
        return self._screened(number, belief, costs, view, rng)

    def _screened(
        self, number: int, belief: Belief, costs: FloatArray, view: View, rng: np.random.Generator
    ) -> Candidate | None:
        scores = belief.means[: belief.trained]
        members: list[int] = front(scores, costs).tolist()
        numbers = [self._believer.first(belief.keys[place]) for place in members]
        parents = [
            Individual(*belief.keys[place], Fitness(float(scores[place]), first))
            for place, first in zip(members, numbers, strict=True)
        ]
        recent = [Individual(*one.key, Fitness(0.0, one.number)) for one in view.candidates[-RECENT:]]

        def parent() -> Individual:
            pool = recent if rng.random() < RECENT_CHANCE else parents
            return pool[int(rng.integers(len(pool)))]

        offspring = brood(
            parent, self._operators, self.space, rng, size=OFFSPRING, training=self.training, known=view.networks
        )
        if not offspring:
            return self.random(number, view, rng)
        if len(offspring) > 1 and rng.random() < UNSCREENED_SHARE:
            offspring = offspring[:1]
        means, deviations = belief.predict([one.key for one in offspring])
        gains = expected_hypervolume_gain(
            means,
            deviations,
            np.array([log_cost(one.key[0], self._cost) for one in offspring]),
            np.stack([scores[members], costs[members]], axis=1),
            worst_score=self._worst(belief, scores),
            largest_cost=self._largest,
        )
        place = int(np.lexsort((means, gains))[-1])
        prediction = Prediction(float(means[place]), float(deviations[place]), float(gains[place]))
        return self.candidate(number, offspring[place], prediction)

    @staticmethod
    def _worst(belief: Belief, scores: FloatArray) -> float:
        """Return the score from which on networks count: that without hidden layers, else the lowest."""
        plain = (place for place in range(belief.trained) if not belief.keys[place][0].layers)
        place = next(plain, None)
        return float(scores.min() if place is None else scores[place])
