"""What a search believes at one moment: the surrogate's posterior with the pending candidates taken into account.

A pending candidate enters with the score that the posterior expects of it ("kriging believer": Ginsbourger, Le Riche
and Carraro, 2010, section 3.2), so that asynchronous workers do not all train the same promising network.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evolution.candidate import Candidate, Key
from evolution.features import FeatureMap
from evolution.observed import Observed
from evolution.surrogate import FloatArray, Hyperparameters, Observations, Posterior, fit
from evolution.virtual_clock_search import View

FIT_EVERY = 5
FIT_GROWTH = 1.15
"""The surrogate is fitted again after this many more evaluations, or after that factor when there are many."""

MOST_PENDING = 60
"""Only the latest of more pending candidates are taken into account."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """The posterior over `keys`: the networks that were trained, then those that are only pending.

    `means` and `deviations` are of their true scores; the first `trained` of them have a score, and `full` says which
    of these were trained to the end.
    """

    posterior: Posterior
    features: FeatureMap
    keys: tuple[Key, ...]
    trained: int
    means: FloatArray
    deviations: FloatArray
    full: tuple[bool, ...]

    @property
    def best(self) -> float:
        """The largest posterior mean among the trained networks."""
        return float(self.means[: self.trained].max())

    def leaders(self, count: int) -> list[int]:
        """Return the places of the networks with the largest posterior means, best first.

        Only networks that were trained in full, where there are any: a rung alone makes no leader.
        """
        order = [int(place) for place in np.argsort(-self.means[: self.trained], kind="stable")]
        return [place for place in order if self.full[place]][:count] or order[:count]

    def predict(self, keys: Sequence[Key]) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the true scores of networks that were never trained."""
        return self.posterior.predict(self.features.matrix(keys))


class Believer:
    """Makes the belief of every moment of one search from its view alone.

    What it keeps between two moments follows from the visible evaluations so far, which only ever get longer, so that
    an interrupted search that starts again with all of them believes the same.
    """

    def __init__(self, features: FeatureMap, *, clip: bool) -> None:
        self._features = features
        self._clip = clip
        self._observed = Observed(features)
        self._seen = 0
        self._next_fit = 0
        self._fitted: Hyperparameters | None = None
        self._settled: tuple[int, Belief, Observations] | None = None

    def first(self, key: Key) -> int:
        """Return the number of the first candidate that gave this trained network a score."""
        return self._observed.first[self._observed.places[key]]

    def belief(self, view: View) -> Belief | None:
        """Return what is believed at the view's moment; None before the first score."""
        while self._seen < len(view.visible):
            stop = min(len(view.visible), max(self._next_fit, self._seen + 1))
            self._observed.add(view.visible[self._seen : stop])
            self._seen = stop
            if stop >= self._next_fit and len(self._observed):
                # Fits happen at fixed numbers of evaluations; only the last one of those passed here is needed.
                self._next_fit = max(stop + FIT_EVERY, math.ceil(stop * FIT_GROWTH))
                if self._next_fit > len(view.visible):
                    self._fitted = fit(self._observed.observations(clip=self._clip)[0], self._features.groups)
        if self._fitted is None:
            return None
        if self._settled is None or self._settled[0] != self._seen:
            observations, places = self._observed.observations(clip=self._clip)
            posterior = Posterior(observations, self._features.groups, self._fitted)
            keys = tuple(self._observed.keys[place] for place in places)
            full = tuple(self._observed.trainings(place) > 0 for place in places)
            settled = Belief(posterior, self._features, keys, len(keys), *posterior.known(), full)
            self._settled = self._seen, settled, observations
        _, settled, observations = self._settled
        pending = list(view.pending.values())[-MOST_PENDING:]
        return self._with_pending(settled, observations, pending, self._fitted) if pending else settled

    def _with_pending(
        self, settled: Belief, observations: Observations, pending: Sequence[Candidate], fitted: Hyperparameters
    ) -> Belief:
        posterior, keys, known = settled.posterior, settled.keys, settled.means
        places = {key: place for place, key in enumerate(keys)}
        means, counts = observations.means.copy(), observations.counts.copy()
        new: dict[Key, int] = {}
        for candidate in pending:
            key = candidate.key
            place = places.get(key)
            if place is None:
                new[key] = new.get(key, 0) + candidate.replicates
                continue
            count = counts[place] + candidate.replicates
            means[place] += (known[place] - means[place]) * candidate.replicates / count
            counts[place] = count
        features = observations.features
        if new:
            rows = self._features.matrix(list(new))
            expected, _ = posterior.predict(rows)
            features = np.concatenate([features, rows])
            means = np.concatenate([means, expected])
            counts = np.concatenate([counts, np.array(list(new.values()), np.float64)])
        # What is imagined to agree with the posterior says nothing about the amplitude.
        imagined = Observations(features, means, counts)
        extended = Posterior(imagined, self._features.groups, fitted, posterior.amplitude)
        return Belief(extended, self._features, (*keys, *new), settled.trained, *extended.known(), settled.full)
