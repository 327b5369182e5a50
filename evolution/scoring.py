"""What an answer to a test row is worth: for each metric one value per seed and row, whose mean is the metric.

So one test serves all metrics (`evolution.statistics`): two arms are compared by the differences of their values on the
same seeds and rows, and everybody with a constant answer by the differences from its values.

- accuracy: 1 for a right answer, else 0.
- balanced accuracy: the same values, but the mean is taken within each class first, and so is the variance over rows.
- R2: 1 - (answer - target)^2 / variance of the test targets. The mean over rows is R2, so a difference of two arms is
  a difference of their mean squared errors in units of that variance: the crossed test on squared errors, row by row
  (for two forecasts of one series that is the test of F. X. Diebold and R. S. Mariano, "Comparing Predictive
  Accuracy", Journal of Business & Economic Statistics 13, 1995). The variance is that of these test rows and is taken
  as given: it divides both sides alike, so no p-value depends on it. Squared errors, not absolute ones, because the
  networks minimize squares and R2 and RMSE are made of them; a few rows with huge errors then widen the interval, which
  makes the test cautious, not bold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

import numpy as np
import numpy.typing as npt

from core.metrics import MetricName
from evolution.arms import majority_vote
from evolution.errors import InvalidVerdict
from evolution.statistics import Estimate, crossed_mean, share_interval, stratified_mean

Floats = npt.NDArray[np.float64]

SMALLEST_VALUE = -1e12
"""No row counts for more: squares of what lies far below would overflow, and nothing could be told from it any more."""


@dataclass(frozen=True, slots=True)
class Rmse:
    """A root mean squared error, or a difference of two, in the target's units, with its 95 % interval."""

    value: float
    low: float
    high: float


class Scoring(Protocol):
    """A metric bound to the test rows and to the constant answer that learning nothing would give."""

    @property
    def metric(self) -> MetricName:
        """Its name."""
        ...

    @property
    def rows(self) -> int:
        """How many test rows there are."""
        ...

    def values(self, predictions: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the worth of answers (..., rows); a training that failed answered as badly as the metric says."""
        ...

    def floor(self) -> npt.NDArray[Any]:
        """Return the values (rows,) of the constant answer."""
        ...

    def estimate(self, values: npt.NDArray[Any]) -> Estimate:
        """Return the metric, or a difference of two, of values (seeds, rows), over new seeds and new rows."""
        ...

    def within(self, estimate: Estimate) -> Estimate:
        """Return the estimate with its interval cut to what the metric can be."""
        ...

    def ensemble(self, predictions: npt.NDArray[Any]) -> Estimate:
        """Return the metric of what all seeds (seeds, rows) answer together, with an interval over rows."""
        ...

    def rmse(self, estimate: Estimate) -> Rmse | None:
        """Return the root mean squared error that this R2 stands for; None for other metrics."""
        ...

    def rmse_difference(self, estimate: Estimate, one: Estimate, other: Estimate) -> Rmse | None:
        """Return the difference of the errors of two arms, from that of their R2 and from both."""
        ...


class Accuracy:
    """The share of right answers; no answer of a failed training is right."""

    metric: MetricName = "accuracy"

    def __init__(self, targets: npt.NDArray[np.int64], usual: int) -> None:
        self._targets, self._usual = targets, usual

    @property
    def rows(self) -> int:
        """How many test rows there are."""
        return len(self._targets)

    def values(self, predictions: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return whether each answer is right."""
        return np.asarray(predictions == self._targets)

    def floor(self) -> npt.NDArray[Any]:
        """Return where always giving the usual answer is right."""
        return np.asarray(self._targets == self._usual)

    def estimate(self, values: npt.NDArray[Any]) -> Estimate:
        """Return the share, or the difference of two."""
        return crossed_mean(values)

    def within(self, estimate: Estimate) -> Estimate:
        """Return the estimate with its interval cut to 0..1."""
        return Estimate(estimate.mean, max(estimate.low, 0.0), min(estimate.high, 1.0), estimate.p_value)

    def ensemble(self, predictions: npt.NDArray[Any]) -> Estimate:
        """Return the share of rows that the majority answers correctly, with Wilson's interval."""
        right = int((majority_vote(predictions) == self._targets).sum())
        return Estimate(right / self.rows, *share_interval(right, self.rows), p_value=1.0)

    def rmse(self, estimate: Estimate) -> Rmse | None:  # noqa: ARG002 - classes have no distance
        """Return None."""
        return None

    def rmse_difference(self, estimate: Estimate, one: Estimate, other: Estimate) -> Rmse | None:  # noqa: ARG002
        """Return None."""
        return None


class BalancedAccuracy(Accuracy):
    """The mean, over the classes that the test rows have, of the share of their rows that are answered correctly."""

    metric: MetricName = "balanced_accuracy"

    def estimate(self, values: npt.NDArray[Any]) -> Estimate:
        """Return the mean share, or the difference of two."""
        return stratified_mean(values, self._targets)

    def ensemble(self, predictions: npt.NDArray[Any]) -> Estimate:
        """Return the mean share that the majority answers correctly."""
        return self.within(self.estimate(_alone(self.values(majority_vote(predictions)))))


class R2:
    """The share of the test targets' variance that is explained; a failed training counts as the constant answer."""

    metric: MetricName = "r2"

    def __init__(self, targets: Floats, usual: float) -> None:
        self._targets, self._usual = targets, usual
        self._variance = float(targets.var())
        if not self._variance > 0:
            raise InvalidVerdict("R2 needs test targets that differ, and all are equal")

    @property
    def rows(self) -> int:
        """How many test rows there are."""
        return len(self._targets)

    def values(self, predictions: npt.NDArray[Any]) -> Floats:
        """Return 1 - squared error / variance."""
        answers = np.where(np.isnan(predictions), self._usual, predictions)
        worth = 1 - np.square(answers - self._targets) / self._variance
        return np.asarray(np.maximum(worth, SMALLEST_VALUE))

    def floor(self) -> Floats:
        """Return the values of always answering the training rows' mean."""
        return self.values(np.full(self.rows, self._usual))

    def estimate(self, values: npt.NDArray[Any]) -> Estimate:
        """Return R2, the mean over the seeds, or the difference of two."""
        return crossed_mean(values, shares=False)

    def within(self, estimate: Estimate) -> Estimate:
        """Return the estimate with its interval cut at 1."""
        return Estimate(estimate.mean, estimate.low, min(estimate.high, 1.0), estimate.p_value)

    def ensemble(self, predictions: npt.NDArray[Any]) -> Estimate:
        """Return R2 of the mean of all answers, with Student's interval over rows."""
        answers = predictions[~np.isnan(predictions).any(axis=1)]
        together = answers.mean(axis=0) if len(answers) else np.full(self.rows, self._usual)
        return self.within(self.estimate(_alone(self.values(together))))

    def rmse(self, estimate: Estimate) -> Rmse | None:
        """Return the root of the mean squared error over seeds and rows; the interval is R2's, turned over."""
        return Rmse(self._root(estimate.mean), self._root(estimate.high), self._root(estimate.low))

    def rmse_difference(self, estimate: Estimate, one: Estimate, other: Estimate) -> Rmse | None:
        """Return the difference of the roots: that of the squares over the roots' sum, which is taken as given.

        So the interval holds 0 just where that of the difference in R2 does.
        """
        sum_of_roots = self._root(one.mean) + self._root(other.mean)
        if sum_of_roots == 0:
            return Rmse(0.0, 0.0, 0.0)
        factor = -self._variance / sum_of_roots
        return Rmse(factor * estimate.mean + 0.0, factor * estimate.high + 0.0, factor * estimate.low + 0.0)

    def _root(self, r2: float) -> float:
        return float(np.sqrt(max(0.0, (1 - r2) * self._variance)))


def scoring_of(metric: MetricName, targets: npt.NDArray[Any], usual: float) -> Scoring:
    """Return the metric for these test targets (rows,); `usual` is the constant answer, a class index or a number."""
    match metric:
        case "accuracy":
            return Accuracy(targets, int(usual))
        case "balanced_accuracy":
            return BalancedAccuracy(targets, int(usual))
        case "r2":
            return R2(targets, usual)
        case _:
            assert_never(metric)


def mean_of(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing."""
    return float(np.mean(values)) if values else None


def _alone(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values (rows,) as two equal seeds: without any spread over seeds, the rows' alone is left."""
    return np.stack([values, values])
