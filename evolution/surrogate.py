"""The surrogate: a Gaussian process over networks that says what a training would probably give.

A score is modelled as f(network) + deviation + noise. f is a Gaussian process whose covariance is Matern 5/2 with one
length scale per group of feature columns (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006,
eq. 4.17); the deviation belongs to the network and is shared by all of its trainings, since no feature says everything
about a structure; the noise is the seed's and new with every training. So a network that was trained several times is
known better, but never better than its repeats allow, and a network that was never trained is uncertain by its
deviation too.

All variances are multiples of one amplitude, which is profiled out. The length scales and the share of the noise are
the ones with the largest marginal likelihood (ibid., eq. 2.30, and a weak prior), looked for coordinate by coordinate
on a small grid: no gradients, no restarts, no luck.

Everything is float64 NumPy on at most a few hundred points: one fit is some Cholesky factorizations of that size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evolution.blas import pin_blas
from evolution.errors import InvalidSearch

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]

DEVIATION_SHARE = 0.3
"""Variance of a network's own deviation, as a share of the noise's."""

LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
PRIOR_SPREAD = 1.5
"""Standard deviation, in the logarithm, of the prior around the starting values."""

SWEEPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """What is known of some networks, one row each.

    `features` is (n, columns); `means` (n,) the mean score of each; `counts` (n,) how many trainings it is the mean of
    (a training that tells less than a whole one counts for less). `within` is the sum, over networks that were trained
    several times, of the squared differences between their scores and their mean; `repeats` how many scores beyond one
    per network that is made of.
    """

    features: FloatArray
    means: FloatArray
    counts: FloatArray
    within: float = 0.0
    repeats: float = 0.0

    def __post_init__(self) -> None:
        if len(self.means) < 1 or not len(self.features) == len(self.means) == len(self.counts):
            raise InvalidSearch(
                f"observations need one row per network, at least one; got {len(self.features)} rows of features, "
                f"{len(self.means)} means and {len(self.counts)} counts"
            )
        if not (np.isfinite(self.means).all() and np.isfinite(self.features).all() and (self.counts > 0).all()):
            raise InvalidSearch("observations must be finite, and counts above 0")


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Length scale per group of columns, and the variance of the noise as a multiple of the amplitude."""

    lengths: tuple[float, ...]
    noise: float

    @classmethod
    def start(cls, groups: int) -> "Hyperparameters":
        """Return where every fit begins."""
        return cls((2.0,) * groups, 0.1)


def squared_distances(one: FloatArray, other: FloatArray, groups: Sequence[IndexArray]) -> FloatArray:
    """Return (groups, n, m): the mean squared difference over each group's columns, between rows of (n,) and (m,)."""
    result = np.empty((len(groups), len(one), len(other)))
    for place, columns in enumerate(groups):
        left, right = one[:, columns], other[:, columns]
        squares = (left**2).sum(axis=1)[:, np.newaxis] + (right**2).sum(axis=1) - 2 * left @ right.T
        # Rounding may leave equal rows a hair below 0.
        np.maximum(squares / max(1, len(columns)), 0, out=result[place])
    return result


def matern52(squares: FloatArray, lengths: Sequence[float]) -> FloatArray:
    """Return the correlation for `squared_distances`: (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)."""
    scaled = np.tensordot(1 / np.square(lengths), squares, axes=1)
    distance = np.sqrt(5 * scaled)
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))


def fit(observations: Observations, groups: Sequence[IndexArray]) -> Hyperparameters:
    """Return the grid's hyperparameters with the largest marginal likelihood, searched coordinate by coordinate."""
    pin_blas()
    squares = squared_distances(observations.features, observations.features, groups)
    best = Hyperparameters.start(len(groups))
    most = _log_evidence(observations, squares, best)
    for _ in range(SWEEPS):
        before = best
        for place in range(len(groups) + 1):
            for value in LENGTHS if place < len(groups) else NOISES:
                tried = _with(best, place, value)
                evidence = _log_evidence(observations, squares, tried)
                if evidence > most:
                    best, most = tried, evidence
        if best == before:
            break
    return best


def _with(hyperparameters: Hyperparameters, place: int, value: float) -> Hyperparameters:
    lengths = hyperparameters.lengths
    if place == len(lengths):
        return replace(hyperparameters, noise=value)
    return replace(hyperparameters, lengths=(*lengths[:place], value, *lengths[place + 1 :]))


def _log_evidence(observations: Observations, squares: FloatArray, tried: Hyperparameters) -> float:
    """Return the log marginal likelihood of all single scores, amplitude and mean profiled out, plus the log prior."""
    factor = np.linalg.cholesky(_covariance(matern52(squares, tried.lengths), observations.counts, tried.noise))
    ones = np.ones(len(observations.means))
    solved = np.linalg.solve(factor, np.stack([observations.means, ones], axis=1))
    mean = float(solved[:, 0] @ solved[:, 1]) / float(solved[:, 1] @ solved[:, 1])
    residual = solved[:, 0] - mean * solved[:, 1]
    # The scores around their network's mean are noise alone.
    repeats = observations.repeats
    total = len(ones) + repeats
    amplitude = max((float(residual @ residual) + observations.within / tried.noise) / total, 1e-300)
    evidence = (
        -total * math.log(amplitude) / 2 - float(np.log(np.diag(factor)).sum()) - repeats * math.log(tried.noise) / 2
    )
    start = Hyperparameters.start(len(tried.lengths))
    pairs = zip((*tried.lengths, tried.noise), (*start.lengths, start.noise), strict=True)
    return evidence - sum((math.log(one / other) / PRIOR_SPREAD) ** 2 for one, other in pairs) / 2


def _covariance(correlation: FloatArray, counts: FloatArray, noise: float) -> FloatArray:
    result = correlation.copy()
    result[np.diag_indices_from(result)] += noise * (DEVIATION_SHARE + 1 / counts)
    return result


class Posterior:
    """What the Gaussian process believes after the observations; means and deviations are of a network's true score.

    `amplitude` is the variance that the kernel is multiplied with; None for the most likely one.
    """

    def __init__(
        self,
        observations: Observations,
        groups: Sequence[IndexArray],
        fitted: Hyperparameters,
        amplitude: float | None = None,
    ) -> None:
        pin_blas()
        self._observations, self._groups, self._fitted = observations, groups, fitted
        correlation = matern52(squared_distances(observations.features, observations.features, groups), fitted.lengths)
        covariance = _covariance(correlation, observations.counts, fitted.noise)
        self._inverse = np.linalg.inv(covariance)
        self._own = fitted.noise * DEVIATION_SHARE
        weights = self._inverse.sum(axis=0)
        self._mean = float(weights @ observations.means) / float(weights.sum())
        residual = observations.means - self._mean
        self._weights = self._inverse @ residual
        if amplitude is None:
            total = float(residual @ self._weights) + observations.within / fitted.noise
            amplitude = max(total / (len(residual) + observations.repeats), 1e-300)
        self.amplitude = amplitude
        # Covariance of the observed networks' true scores with their observed means.
        self._known = correlation
        self._known[np.diag_indices_from(self._known)] += self._own

    @property
    def noise(self) -> float:
        """Variance of one training's score around its network's true score."""
        return self.amplitude * self._fitted.noise

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation, each (m,), of the true scores of networks that were never trained."""
        squares = squared_distances(features, self._observations.features, self._groups)
        correlation = matern52(squares, self._fitted.lengths)
        explained = np.einsum("ij,ij->i", correlation @ self._inverse, correlation)
        return self._mean + correlation @ self._weights, self._deviation(1 + self._own - explained)

    def known(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation, each (n,), of the true scores of the observed networks."""
        explained = np.einsum("ij,ij->i", self._known @ self._inverse, self._known)
        return self._mean + self._known @ self._weights, self._deviation(1 + self._own - explained)

    def draw(self, rows: IndexArray, rng: np.random.Generator) -> FloatArray:
        """Draw the true scores of some observed networks together, (len(rows),), as their posterior has them."""
        some = self._known[rows]
        covariance = self._known[np.ix_(rows, rows)] - some @ self._inverse @ some.T
        mean = self._mean + some @ self._weights
        # Eigenvalues that rounding made negative are 0.
        values, vectors = np.linalg.eigh(covariance * self.amplitude)
        return np.asarray(mean + vectors @ (np.sqrt(np.maximum(values, 0)) * rng.standard_normal(len(rows))))

    def _deviation(self, variances: FloatArray) -> FloatArray:
        return np.asarray(np.sqrt(self.amplitude * np.maximum(variances, 0)))
