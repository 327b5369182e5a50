"""Evolution screened by a surrogate, in virtual time: the strategy `evolution`.

There are no generations, so no worker waits for the slowest of a batch. The first candidates are the anchors (plain
designs that a person would try) and, where the space contains few of them, random networks. From then on, for every
candidate:

- a Gaussian process is asked what it believes of every network so far (`evolution.belief`). Scores are noisy, often by
  more than good networks differ, so nothing here trusts a single score: parents, leaders and the best so far are judged
  by posterior mean;
- about 40 offspring are bred, by tournaments among the networks that were started last (aging: Real et al.,
  "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019) and, one time in four, from the best;
  one in ten is a random network, so that no region of the space is ever closed. The one with the largest expected
  improvement over the best posterior mean is trained (Jones et al. 1998); the others cost nothing. One time in seven
  the first is trained without being screened, so that the surrogate also sees what it would not have chosen;
- every fourth candidate, once there is something to choose from, trains a leader again on a fresh seed instead: the
  one that is best in a draw from the joint posterior of the eight best (Thompson 1933), which repeats mostly those that
  may still turn out to be the winner.

Measured on tables of real trainings, these are what wins: the screening, the repeats with the judgement by posterior
mean, and the anchors, in this order (docs/search.md has the ablations). Failed evaluations have no score and are
visible to nobody here.
"""

from dataclasses import replace

import numpy as np

from core.training import TrainingConfig
from evolution.acquisition import expected_improvement
from evolution.belief import Belief, Believer
from evolution.breeding import Offspring, brood
from evolution.candidate import Candidate, Prediction
from evolution.errors import InvalidSearch
from evolution.features import FeatureMap
from evolution.ladder import RUNG_DIVISOR, is_trusted, rung_epochs
from evolution.rng import Purpose, stream
from evolution.search import Budget, StopReason
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch
from evolution.stopping import StoppingRule
from evolution.toolbox import Fitness, Individual, make_operators
from evolution.virtual_clock_search import View

FIRST_CANDIDATES = 8
"""Where the space contains fewer anchors, random networks make up the number."""

OFFSPRING = 40
UNSCREENED_SHARE = 0.15
"""How often the first offspring is trained whatever is believed of it."""

BEST_CHANCE = 0.25
RECENT = 20
TOURNAMENT = 5

REPEAT_FROM = 20
REPEAT_EVERY = 4
LEADERS = 8


class EvolutionarySearch(SpaceSearch):
    """Evolution with a surrogate; `rows` is the number of training rows."""

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
        offspring: int = OFFSPRING,
        repeat_every: int | None = REPEAT_EVERY,
        ladder: bool = False,
        stopping: StoppingRule | None = None,
    ) -> None:
        """Prepare the search; `with_anchors=False`, `offspring=1` and `repeat_every=None` switch its parts off.

        `ladder` allows short trainings, where they can be trusted (see `evolution.ladder`).
        """
        super().__init__(
            space,
            training,
            rows=rows,
            seed=seed,
            parallelism=parallelism,
            budget=budget,
            replicates=replicates,
            with_anchors=with_anchors,
        )
        if offspring < 1:
            raise InvalidSearch(f"offspring must be 1 or more, got {offspring}")
        if repeat_every is not None and repeat_every < 2:
            raise InvalidSearch(f"repeat_every must be 2 or more, or None, got {repeat_every}")
        self._offspring = offspring
        self._repeat_every = repeat_every
        self._rung = rung_epochs(training.epochs) if ladder else None
        self._stopping = stopping
        self._operators = make_operators(space, TOURNAMENT)
        self._believer = Believer(FeatureMap(space), clip=True)

    def finished(self, view: View) -> StopReason | None:
        """Say "not worth it" where the stopping rule holds."""
        if self._stopping is not None and self._stopping.holds(view.candidates):
            return "not worth it"
        return None

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`: an anchor, a random network, a repeat, or screened offspring."""
        rng = stream(self.seed, Purpose.BREEDING, number)
        anchor = self.anchor(number)
        if anchor is not None:
            return anchor
        belief = self._believer.belief(view) if number >= FIRST_CANDIDATES else None
        if belief is None:
            return self.random(number, view, rng)
        if self._repeat_every is not None and number >= REPEAT_FROM and number % self._repeat_every == 0:
            return self._repeat(number, belief, rng)
        rung = self._rung if self._rung is not None and self._on_the_ladder(view) else None
        if rung is not None:
            promoted = self._promotion(number, belief, view)
            if promoted is not None:
                return promoted
        candidate = self._screened(number, belief, view, rng)
        return candidate if candidate is None or rung is None else replace(candidate, stop_after=rung)

    def _on_the_ladder(self, view: View) -> bool:
        """Say whether the anchors, all of which have been seen, show that the rung can be trusted."""
        anchors = [one for one in view.visible if one.candidate.operator == "anchor"]
        return len(anchors) == len(self.anchors) and is_trusted(anchors)

    def _promotion(self, number: int, belief: Belief, view: View) -> Candidate | None:
        """Train in full the best network of the rung that was not, while fewer than their share were."""
        on_rung = {one.key for one in view.candidates if one.stop_after is not None}
        # Not twice: one whose full training failed would take every promotion from then on.
        promoted = {one.key for one in view.candidates if one.operator == "promote"}
        if len(promoted) >= len(on_rung) // RUNG_DIVISOR:
            return None
        pending = {one.key for one in view.pending.values()}
        order = np.argsort(-belief.means[: belief.trained], kind="stable")
        waiting = (int(place) for place in order if not belief.full[place])
        place = next((place for place in waiting if belief.keys[place] not in pending | promoted), None)
        if place is None:
            return None
        prediction = Prediction(float(belief.means[place]), float(belief.deviations[place]), 0.0)
        first = self._believer.first(belief.keys[place])
        return self.candidate(number, Offspring(belief.keys[place], "promote", (first,)), prediction)

    def _screened(self, number: int, belief: Belief, view: View, rng: np.random.Generator) -> Candidate | None:
        """Breed, and return the offspring that promises most; None when the space is exhausted."""
        offspring = self._breed(belief, view, rng)
        if not offspring:
            return self.random(number, view, rng)
        if len(offspring) > 1 and rng.random() < UNSCREENED_SHARE:
            offspring = offspring[:1]
        means, deviations = belief.predict([one.key for one in offspring])
        improvements = expected_improvement(means, deviations, belief.best)
        # Where none promises anything, the one with the highest mean.
        place = int(np.lexsort((means, improvements))[-1])
        prediction = Prediction(float(means[place]), float(deviations[place]), float(improvements[place]))
        return self.candidate(number, offspring[place], prediction)

    def _breed(self, belief: Belief, view: View, rng: np.random.Generator) -> list[Offspring]:
        """Return up to `offspring` different networks that were not proposed before."""
        means = dict(zip(belief.keys, belief.means.tolist(), strict=True))
        recent = []
        for candidate in view.candidates[-RECENT:]:
            mean = means.get(candidate.key)
            if mean is not None:
                recent.append(Individual(*candidate.key, Fitness(mean, candidate.number)))
        leader = belief.leaders(1)[0]
        best = Individual(*belief.keys[leader], Fitness(belief.best, self._believer.first(belief.keys[leader])))

        def parent() -> Individual:
            return best if not recent or rng.random() < BEST_CHANCE else self._operators.select(recent)[0]

        return brood(
            parent, self._operators, self.space, rng, size=self._offspring, training=self.training, known=view.networks
        )

    def _repeat(self, number: int, belief: Belief, rng: np.random.Generator) -> Candidate:
        """Train one of the leaders again: the best of them in a draw from what is believed."""
        leaders = belief.leaders(LEADERS)
        drawn = belief.posterior.draw(np.array(leaders), rng)
        place = leaders[int(np.argmax(drawn))]
        first = self._believer.first(belief.keys[place])
        prediction = Prediction(float(belief.means[place]), float(belief.deviations[place]), 0.0)
        return self.candidate(number, Offspring(belief.keys[place], "repeat", (first,)), prediction)
