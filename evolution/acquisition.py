"""How much a training is expected to bring, from what the surrogate believes of it."""

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def expected_improvement(mean: FloatArray, deviation: FloatArray, best: float | FloatArray) -> FloatArray:
    """Return E[max(0, score - best)] of normally distributed scores; arrays broadcast.

    (mean - best) Phi(z) + deviation phi(z) with z = (mean - best) / deviation: Jones, Schonlau and Welch, "Efficient
    Global Optimization of Expensive Black-Box Functions", 1998, eq. 15.
    """
    mean, deviation, best = np.broadcast_arrays(mean, deviation, best)
    gain = mean - best
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        z = gain / deviation
        uncertain = gain * _normal_cdf(z) + deviation * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    # Without uncertainty the improvement is known; rounding must not make one negative.
    return np.asarray(np.maximum(np.where(deviation > 0, uncertain, gain), 0.0))


def expected_hypervolume_gain(
    mean: FloatArray,
    deviation: FloatArray,
    cost: FloatArray,
    front: FloatArray,
    *,
    worst_score: float,
    largest_cost: float,
) -> FloatArray:
    """Return by how much each candidate is expected to enlarge the area that the front dominates, each (n,).

    The cost (to be small) is known, the score (to be large) normally distributed. `front` is (m, 2): score and cost of
    the networks that are not dominated; the area counts up to `largest_cost` and down to `worst_score`. At every cost t
    from the candidate's own on, it gains what its score exceeds the best score that the front has at t or less, so the
    expectation is a sum over the steps of the front, width times expected improvement (the two-dimensional case of
    Emmerich et al., "Hypervolume-based Expected Improvement", 2011, with one coordinate known).
    """
    order = np.lexsort((-front[:, 0], front[:, 1])) if len(front) else np.empty(0, np.intp)
    costs = (
        np.concatenate([[-np.inf], front[order, 1], [largest_cost]])
        if len(front)
        else np.array([-np.inf, largest_cost])
    )
    bests = (
        np.concatenate([[worst_score], np.maximum.accumulate(front[order, 0])])
        if len(front)
        else np.array([worst_score])
    )
    bests = np.maximum(bests, worst_score)
    total = np.zeros(len(mean))
    for begin, end, best in zip(costs[:-1], costs[1:], bests, strict=True):
        width = np.maximum(np.minimum(end, largest_cost) - np.maximum(begin, cost), 0.0)
        total += width * expected_improvement(mean, deviation, best)
    return total


def _normal_cdf(z: FloatArray) -> FloatArray:
    # NumPy has no error function; math's is exact to the last bit or two, and arrays here are short.
    flat = np.asarray(z, np.float64).reshape(-1)
    values = [0.5 * math.erfc(-value / math.sqrt(2)) if not math.isnan(value) else 0.0 for value in flat.tolist()]
    return np.array(values).reshape(np.shape(z))
