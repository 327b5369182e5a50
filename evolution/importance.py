"""What matters: the share of the score's variance over the space that depth, total width and activation explain alone.

A model of the search's results predicts the score of many networks drawn from the space, and the predictions' variance
is taken apart: with Y the prediction and X one property, the first-order index of X is Var(E[Y | X]) / Var(Y) (I. M.
Sobol, Mathematical Modelling and Computational Experiments 1, 1993, the main effects of F. Hutter, H. Hoos and
K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014, eq. 8). What only two
properties together explain belongs to neither, so the shares need not add up to 1; and since deeper networks have more
neurons in all, depth and total width share what they explain, so they may also add up to more than 1.

The shares describe the model, not the data: `fit_quality` says how well the model predicts networks it was not given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from evolution.answers import neuron_band, neurons_of
from evolution.rng import Purpose, stream
from evolution.space import SearchSpace

SAMPLES = 2048
FOLDS = 5
FEWEST_NETWORKS = 10

Floats = npt.NDArray[np.float64]
Predict = Callable[[Sequence[Architecture]], Floats]
"""The mean predicted for each network: (networks,)."""

Fit = Callable[[Sequence[Architecture], Floats], Predict]


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the variance of the predicted score, each between 0 and 1, from `networks` results.

    `fit_quality` is the model's coefficient of determination on networks that were left out (five folds): 1 is perfect,
    0 no better than their mean, below 0 worse.
    """

    depth: float
    width: float
    activation: float
    fit_quality: float
    networks: int


def importance(
    architectures: Sequence[Architecture], scores: Sequence[float], space: SearchSpace, *, seed: int, fit: Fit
) -> Importance | None:
    """Return what matters for the score; None for fewer than ten networks, or scores or predictions all alike."""
    values = np.asarray(scores, np.float64)
    if len(values) < FEWEST_NETWORKS or np.ptp(values) == 0:
        return None
    shares = explained_shares(fit(architectures, values), space, seed=seed)
    if shares is None:
        return None
    return Importance(*shares, fit_quality=_fit_quality(architectures, values, fit), networks=len(values))


def explained_shares(predict: Predict, space: SearchSpace, *, seed: int) -> tuple[float, float, float] | None:
    """Return the shares of depth, total width and activation over networks drawn from the space; None without variance.

    Total width is taken in bands by powers of two. A network without hidden layers belongs to all activations alike.
    """
    rng = stream(seed, Purpose.IMPORTANCE, 0)
    drawn = [space.sample(rng) for _ in range(SAMPLES)]
    predicted = np.asarray(predict(drawn), np.float64)
    variance = float(predicted.var())
    # What rounding leaves of equal predictions is no variance.
    if variance <= 1e-12 * max(1.0, float(np.square(predicted).mean())):
        return None
    activations = np.array(
        [
            [float(one.activations[0] == name) if one.activations else 1 / len(space.activations) for one in drawn]
            for name in space.activations
        ]
    )
    groups = (
        _members([len(one.widths) for one in drawn]),
        _members([neuron_band(neurons_of(one))[0] for one in drawn]),
        activations,
    )
    depth, width, activation = (min(1.0, _between(weights, predicted) / variance) for weights in groups)
    return depth, width, activation


def _fit_quality(architectures: Sequence[Architecture], scores: Floats, fit: Fit) -> float:
    predicted = np.empty_like(scores)
    fold = np.arange(len(scores)) % FOLDS
    for place in range(FOLDS):
        model = fit([one for one, own in zip(architectures, fold, strict=True) if own != place], scores[fold != place])
        left_out = [one for one, own in zip(architectures, fold, strict=True) if own == place]
        predicted[fold == place] = model(left_out)
    return 1 - float(np.square(scores - predicted).sum() / np.square(scores - scores.mean()).sum())


def _members(keys: Sequence[int]) -> Floats:
    """Return (groups, networks): 1 where the network has the group's key."""
    return np.array([[float(key == group) for key in keys] for group in sorted(set(keys))])


def _between(weights: Floats, values: Floats) -> float:
    """Return the variance of the group means; `weights` (groups, networks) say how much of a network a group has."""
    sizes = weights.sum(axis=1)
    held = sizes > 0
    means = weights[held] @ values / sizes[held]
    return float((sizes[held] * np.square(means - values.mean())).sum() / len(values))
