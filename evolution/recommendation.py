"""Which network a search recommends: the one with the best posterior mean, never the one with the luckiest score.

Scores of single trainings are noisy, and the highest of a hundred overstates its network by more than the hundred best
networks differ. The posterior mean of a Gaussian process over all scores weighs every score by what is known of its
network's neighbors and repeats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Evaluation
from evolution.features import FeatureMap
from evolution.objectives import CostName, front, log_cost
from evolution.observed import Observed, best_and_latest
from evolution.space import SearchSpace
from evolution.surrogate import FloatArray, Observations, Posterior, fit


@dataclass(frozen=True, slots=True)
class Standing:
    """A network that was trained, with mean and standard deviation of its true score as they are believed.

    `trainings` counts its trainings, `number` is its first candidate.
    """

    architecture: Architecture
    training: TrainingConfig
    mean: float
    deviation: float
    trainings: int
    number: int


def standings(evaluations: Sequence[Evaluation], space: SearchSpace) -> tuple[Standing, ...]:
    """Return the networks with a score, best posterior mean first; of equals the smaller, then the earlier.

    Of many networks only those are ranked that a surrogate is fitted to (see `evolution.observed`): the best are among
    them. Empty where all evaluations failed.
    """
    found = _standings(evaluations, space, clip=True)
    return tuple(sorted(found, key=lambda one: (-one.mean, one.architecture.parameter_count, one.number)))


def pareto_standings(evaluations: Sequence[Evaluation], space: SearchSpace, cost: CostName) -> tuple[Standing, ...]:
    """Return the networks that no other beats in both posterior mean and cost, by rising cost."""
    found = _standings(evaluations, space, clip=False)
    places = front([one.mean for one in found], [log_cost(one.architecture, cost) for one in found])
    return tuple(found[place] for place in places)


def _standings(evaluations: Sequence[Evaluation], space: SearchSpace, *, clip: bool) -> list[Standing]:
    features = FeatureMap(space)
    observed = Observed(features)
    observed.add(sorted(evaluations, key=lambda evaluation: evaluation.candidate.number))
    if not len(observed):
        return []
    observations, places = observed.observations(clip=clip)
    means, deviations = Posterior(observations, features.groups, fit(observations, features.groups)).known()
    found = []
    for row, place in enumerate(places.tolist()):
        if not observed.trainings(place):
            # Only a rung of it was seen, which is no training to recommend.
            continue
        architecture, training = observed.keys[place]
        mean, deviation = float(means[row]), float(deviations[row])
        found.append(
            Standing(architecture, training, mean, deviation, observed.trainings(place), observed.first[place])
        )
    return found


def surrogate_fit(
    space: SearchSpace, training: TrainingConfig
) -> Callable[[Sequence[Architecture], FloatArray], Callable[[Sequence[Architecture]], FloatArray]]:
    """Return what fits the surrogate to networks with their scores, each trained by `training`, and then predicts.

    Scores are not clipped: whoever asks wants to know about bad networks, too.
    """
    features = FeatureMap(space)
    plain = space.fit_training(training)

    def fit_scores(
        architectures: Sequence[Architecture], scores: FloatArray
    ) -> Callable[[Sequence[Architecture]], FloatArray]:
        places = best_and_latest(scores, np.ones(len(scores)))
        rows = features.matrix([(architectures[place], plain) for place in places])
        observations = Observations(rows, scores[places], np.ones(len(places)))
        posterior = Posterior(observations, features.groups, fit(observations, features.groups))
        return lambda others: posterior.predict(features.matrix([(one, plain) for one in others]))[0]

    return fit_scores
