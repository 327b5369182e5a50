"""What all strategies share that choose networks from a space: the anchors, the random networks, and the candidates."""

import numpy as np

from core.training import TrainingConfig
from evolution.anchors import anchors
from evolution.breeding import Offspring
from evolution.candidate import Candidate, Prediction
from evolution.novelty import draw_unseen
from evolution.rng import Purpose, seed63
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.virtual_clock_search import View, VirtualClockSearch


class SpaceSearch(VirtualClockSearch):
    """A search over a space; every candidate trains `replicates` networks. `rows` is the number of training rows."""

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
        with_anchors: bool = True,
    ) -> None:
        super().__init__(rows=rows, seed=seed, parallelism=parallelism, budget=budget)
        self.space = space
        self.training = space.fit_training(training)
        self.replicates = replicates
        self.anchors = anchors(space) if with_anchors else ()

    def anchor(self, number: int) -> Candidate | None:
        """Return candidate `number` where it is one of the anchors, which come first."""
        if number >= len(self.anchors):
            return None
        return self.candidate(number, Offspring((self.anchors[number], self.training), "anchor"))

    def random(self, number: int, view: View, rng: np.random.Generator) -> Candidate | None:
        """Draw a network that was not proposed before; None when the space is exhausted."""
        drawn = draw_unseen(self.space, self.training, view.networks, rng)
        return None if drawn is None else self.candidate(number, Offspring(*drawn))

    def candidate(self, number: int, offspring: Offspring, prediction: Prediction | None = None) -> Candidate:
        """Return the candidate that trains this network."""
        return Candidate(
            number,
            offspring.parents,
            offspring.operator,
            seed63(self.seed, Purpose.TRAINING, number),
            *offspring.key,
            replicates=self.replicates,
            prediction=prediction,
        )
