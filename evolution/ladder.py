"""The ladder: train the promising only for the full length, where short trainings are known to tell the long ones.

Successive halving (Jamieson and Talwalkar, AISTATS 2016; asynchronous: Li et al., "A System for Massively Parallel
Hyperparameter Tuning", MLSys 2020) wins much where the order of networks after a third of the epochs is their order at
the end, and loses much where learning curves cross. So nothing is assumed: the anchors are trained to the end, their
own curves say how they stood at the rung, and the ladder is used only if both orders agree (Spearman's correlation of
at least 0.9). On it,

- a new network is trained up to the rung only. Its score is mapped to the full length by a regression over all
  trainings that were seen at both, and counts as much of a whole training as that regression explains of the scores;
- whenever fewer than a third of the networks on the rung were promoted, the best of them that was not, by posterior
  mean, is trained in full. It gets a fresh seed: nothing was kept of the short training, and an independent score says
  more than a longer look at the same luck.

A rung costs a third of a training, so the ladder pays where the budget counts epochs; it is not used where evaluations
are counted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evolution.candidate import Evaluation, bounded

FloatArray = npt.NDArray[np.float64]

RUNG_DIVISOR = 3
"""A rung is the first of this many parts of a training, and one in as many of its networks is promoted."""

TRUST = 0.9
FEWEST_ANCHORS = 6
"""With fewer anchors a correlation says nothing."""

FEWEST_EPOCHS = 3
"""Shorter trainings have no rung."""


def rung_epochs(epochs: int) -> int | None:
    """Return after how many epochs the rung lies; None where a training is too short for one."""
    return None if epochs < FEWEST_EPOCHS else math.ceil(epochs / RUNG_DIVISOR)


def rung_score(evaluation: Evaluation) -> float | None:
    """Return what the first replicate of a full training had scored at the rung; None where it did not get there."""
    epochs = rung_epochs(evaluation.candidate.training.epochs)
    if epochs is None or len(evaluation.curve) < epochs:
        return None
    return bounded(max(epoch.validation_score for epoch in evaluation.curve[:epochs]))


def is_trusted(anchors: Sequence[Evaluation]) -> bool:
    """Say whether the order of the anchors at the rung is that at the end; they are full trainings."""
    pairs = [(rung_score(one), _full_score(one)) for one in anchors if one.fitness is not None]
    known = [(low, full) for low, full in pairs if low is not None]
    if len(known) < FEWEST_ANCHORS:
        return False
    low, full = np.array(known).T
    return spearman(low, full) >= TRUST


def spearman(one: FloatArray, other: FloatArray) -> float:
    """Return Spearman's rank correlation, equal values sharing their mean rank; 0 where either does not vary."""
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0 else 0.0


def _ranks(values: FloatArray) -> FloatArray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])


@dataclass(frozen=True, slots=True)
class RungMap:
    """full score = intercept + slope * rung score; `reliability` is the share of the variance that this explains.

    No full score is promised outside `lowest` to `highest`: where rung scores hardly differ the slope is steep, and
    says nothing about a network that does differ there.
    """

    intercept: float
    slope: float
    reliability: float
    lowest: float = -math.inf
    highest: float = math.inf

    @classmethod
    def fit(cls, pairs: Sequence[tuple[float, float]]) -> "RungMap":
        """Fit (rung score, full score) of trainings by least squares.

        Without spread the mean difference is added; without any training a rung score stands for itself.
        """
        if not pairs:
            return cls(0.0, 1.0, SMALLEST_RELIABILITY)
        low, full = np.array(pairs, np.float64).T
        spread = low - low.mean()
        variance = float(spread @ spread)
        total = float(np.square(full - full.mean()).sum())
        # What rounding leaves of equal scores is no spread.
        if variance <= 1e-18 * float(low @ low) or total == 0:
            return cls(float(full.mean() - low.mean()), 1.0, SMALLEST_RELIABILITY)
        # A slope below 0 would say that the worse half of the rung is the better one: noise.
        slope = max(0.0, float(spread @ full) / variance)
        intercept = float(full.mean() - slope * low.mean())
        explained = 1 - float(np.square(full - intercept - slope * low).sum()) / total
        least, most = float(full.min()), float(full.max())
        return cls(
            intercept,
            slope,
            min(1.0, max(SMALLEST_RELIABILITY, explained)),
            lowest=2 * least - most,
            highest=2 * most - least,
        )

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the full scores that rung scores stand for."""
        return np.clip(self.intercept + self.slope * np.asarray(scores, np.float64), self.lowest, self.highest)


SMALLEST_RELIABILITY = 0.05


def _full_score(evaluation: Evaluation) -> float:
    """Return the score of the replicate whose curve is kept."""
    if evaluation.scores:
        return bounded(evaluation.scores[0])
    return bounded(evaluation.fitness) if evaluation.fitness is not None else 0.0


def pair_of(evaluation: Evaluation) -> tuple[float, float] | None:
    """Return a full training's score at the rung and at the end; None where it failed or has no rung."""
    if evaluation.fitness is None or evaluation.candidate.stop_after is not None:
        return None
    low = rung_score(evaluation)
    return None if low is None else (low, _full_score(evaluation))
