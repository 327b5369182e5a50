"""The statistics behind the verdict, in NumPy and the standard library alone.

The comparison of two trained networks meets two kinds of chance at once: which seeds were used, and which rows happen
to be test rows. Both arms are scored on the same seeds and the same rows, so the data are a table of differences
D[seed, row] with two crossed random factors. A test over the rows alone (McNemar) takes the luck of a seed for merit,
and one over the seeds alone takes the luck of the test rows for it; `crossed_mean` counts both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from evolution.errors import InvalidStatistics

_TINY = 1e-300
_PRECISION = 1e-15
_MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval and the p-value of the hypothesis that it is 0 (two-sided)."""

    mean: float
    low: float
    high: float
    p_value: float


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b) for a, b > 0 and 0 <= x <= 1.

    The continued fraction of DLMF 8.17.22, evaluated by the modified Lentz method (Thompson and Barnett, J. Comput.
    Phys. 64, 1986), on the side of the symmetry I_x(a, b) = 1 - I_(1-x)(b, a) where it converges fast.
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise InvalidStatistics(f"incomplete beta needs a, b > 0 and x in 0..1, got a={a}, b={b}, x={x}")
    if x in (0.0, 1.0):
        return x
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        for coefficient in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + coefficient * d)
            c = _not_zero(1 + coefficient / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            return value
    raise InvalidStatistics(f"the incomplete beta function did not converge for a={a}, b={b}, x={x}")


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def student_t_survival(t: float, freedom: float) -> float:
    """Return P(T > t) for Student's t with `freedom` > 0 degrees of freedom (any real number), precise in the tail."""
    if not freedom > 0:
        raise InvalidStatistics(f"degrees of freedom must be above 0, got {freedom}")
    # P(|T| > t) = I_x(freedom / 2, 1 / 2) with x = freedom / (freedom + t^2) (Abramowitz and Stegun 26.7.1). Near t =
    # 0 that x rounds to 1, so the other side of the symmetry is taken there.
    square = t * t
    if square < 1:
        half = (1 - incomplete_beta(0.5, freedom / 2, square / (freedom + square))) / 2
    else:
        half = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square)) / 2
    return half if t >= 0 else 1 - half


def student_t_cdf(t: float, freedom: float) -> float:
    """Return P(T <= t) for Student's t with `freedom` > 0 degrees of freedom."""
    return student_t_survival(-t, freedom)


def student_t_quantile(probability: float, freedom: float) -> float:
    """Return the t with P(T <= t) = probability, for 0 < probability < 1, by bisection."""
    if not 0 < probability < 1:
        raise InvalidStatistics(f"probability must lie between 0 and 1, got {probability}")
    tail = min(probability, 1 - probability)
    low, high = 0.0, 1.0
    while student_t_survival(high, freedom) > tail:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_t_survival(middle, freedom) > tail:
            low = middle
        else:
            high = middle
    return -high if probability < 0.5 else high


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return mean and t interval of independent values (at least two)."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) < 2:
        raise InvalidStatistics(f"an interval needs at least two values, got shape {array.shape}")
    return _estimate(float(array.mean()), float(array.var(ddof=1)) / len(array), len(array) - 1, confidence)


def share_interval(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share of `total` > 0 independent trials (J. Am. Statist. Ass. 22, 1927)."""
    if not 0 <= successes <= total or total < 1:
        raise InvalidStatistics(f"a share needs 0 <= successes <= total and total >= 1, got {successes} of {total}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = successes / total, z * z / total
    middle = share + weight / 2
    reach = z * math.sqrt((share * (1 - share) + weight / 4) / total)
    return max(0.0, (middle - reach) / (1 + weight)), min(1.0, (middle + reach) / (1 + weight))


def welch_test(one: Sequence[float], other: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return mean(one) - mean(other) of two independent samples, whose variances may differ (Biometrika 34, 1947).

    Each sample needs two values or more; degrees of freedom after Welch and Satterthwaite.
    """
    parts = []
    for values in (one, other):
        if len(values) < 2:
            raise InvalidStatistics(f"a comparison of means needs at least two values on each side, got {len(values)}")
        array = np.asarray(values, np.float64)
        parts.append((float(array.mean()), float(array.var(ddof=1)) / len(array), len(array)))
    (first, variance, count), (second, rival_variance, rival_count) = parts
    total = variance + rival_variance
    # Without any spread the number of degrees does not matter.
    spread = variance**2 / (count - 1) + rival_variance**2 / (rival_count - 1)
    return _estimate(first - second, total, total**2 / spread if spread else 1.0, confidence)


def crossed_mean(values: npt.NDArray[Any], confidence: float = 0.95, *, shares: bool = True) -> Estimate:
    """Return the mean of values (seeds, rows), at least 2 x 2, with an interval over new seeds *and* new rows.

    The variance of the mean is estimated as Var over rows of (mean over seeds) / rows + Var over seeds of (mean over
    rows) / seeds. With D = mu + seed + row + residual the first part holds row and residual, the second seed and
    residual, so the residual is counted twice and the variance is estimated a little too large: this is the
    conservative estimate for two crossed random factors (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied
    Statistics 1, 2007, sections 3-4). Degrees of freedom after Welch and Satterthwaite. With two or three seeds their
    variance is often near 0 by luck, and a test at 5 % rejects in up to 14 % of null cases where seeds matter; take
    five or more. That tests which ignore the choice of training set and seed reject too often: T. G. Dietterich,
    "Approximate Statistical Tests", Neural Computation 10, 1998.

    `shares` says that the mean is a share of rows, or a difference of two, which widens the interval where all values
    are equal; a mean of other numbers has no such scale, and its interval is then the mean itself.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or min(array.shape) < 2:
        raise InvalidStatistics(f"expected values (seeds, rows) with at least 2 of each, got shape {array.shape}")
    seeds, rows = array.shape
    by_rows = float(array.mean(axis=0).var(ddof=1)) / rows
    by_seeds = float(array.mean(axis=1).var(ddof=1)) / seeds
    variance = by_rows + by_seeds
    if variance == 0 and shares:
        return _without_spread(float(array.mean()), rows, confidence)
    if variance == 0:
        return _estimate(float(array.mean()), 0.0, 1.0, confidence)
    spread = by_rows**2 / (rows - 1) + by_seeds**2 / (seeds - 1)
    freedom = variance**2 / spread
    return _estimate(float(array.mean()), variance, freedom, confidence)


def _without_spread(mean: float, rows: int, confidence: float) -> Estimate:
    """Return the interval of rows that are all equal: no variance was seen, which does not show that there is none.

    With n rows alike, a share of rows that are not alike is compatible with that up to q^2 / (n + q^2): the Wilson
    interval at 0 of n (E. B. Wilson, Journal of the American Statistical Association 22, 1927), here on each side.
    """
    square = student_t_quantile((1 + confidence) / 2, rows - 1) ** 2
    reach = square / (rows + square)
    return Estimate(mean, mean - reach, mean + reach, 1.0 if mean == 0 else 0.0)


def stratified_mean(
    values: npt.NDArray[Any], strata: npt.NDArray[np.int64], confidence: float = 0.95, *, shares: bool = True
) -> Estimate:
    """Return the mean over strata of their rows' means, for values (seeds, rows) and the stratum of each row (rows,).

    As `crossed_mean`, with the variance over rows put together from those within each stratum (W. G. Cochran, "Sampling
    Techniques", 1977, section 5.4) and its degrees of freedom after Satterthwaite. A stratum of one row does not show
    its variance: the squared distance from the whole mean stands for it, which is rather too large.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or min(array.shape) < 2 or strata.shape != array.shape[1:]:
        raise InvalidStatistics(f"expected values (seeds, rows) and strata (rows,), got {array.shape}, {strata.shape}")
    by_row = array.mean(axis=0)
    members = [strata == stratum for stratum in np.unique(strata)]
    by_seed = np.mean([array[:, own].mean(axis=1) for own in members], axis=0)
    mean = float(by_seed.mean())
    by_rows = spread = 0.0
    for own in members:
        count = int(own.sum())
        variance = float(by_row[own].var(ddof=1)) if count > 1 else float((by_row[own][0] - mean) ** 2)
        part = variance / count / len(members) ** 2
        by_rows += part
        spread += part**2 / max(count - 1, 1)
    by_seeds = float(by_seed.var(ddof=1)) / len(array)
    total = by_rows + by_seeds
    if total == 0 and shares:
        # The smallest stratum shows least.
        return _without_spread(mean, max(2, min(int(own.sum()) for own in members)), confidence)
    spread += by_seeds**2 / (len(array) - 1)
    return _estimate(mean, total, total**2 / spread if spread else 1.0, confidence)


EstimateMean = Callable[[npt.NDArray[Any]], Estimate]
"""What estimates a mean from values (seeds, rows): `crossed_mean`, or one of its kin."""


def paired_test(values: npt.NDArray[Any], rival: npt.NDArray[Any], estimate: EstimateMean = crossed_mean) -> Estimate:
    """Test whether two arms differ in the mean of their values, (seeds, rows), the same of both.

    The values are what each answered correctly, or for regression 1 less the squared error as a multiple of the test
    targets' variance, whose mean is R2.
    """
    if values.shape != rival.shape:
        raise InvalidStatistics(f"both arms need the same seeds and rows, got {values.shape} and {rival.shape}")
    return estimate(values.astype(np.float64) - rival.astype(np.float64))


def floor_test(values: npt.NDArray[Any], floor: npt.NDArray[Any], estimate: EstimateMean = crossed_mean) -> Estimate:
    """Test an arm's values (seeds, rows) against those of one fixed answer per row (rows,): learning nothing.

    The same crossed test as between two arms. A fixed answer has no luck with seeds, and the arm's own is in its
    rows. An arm that gives the fixed answer everywhere is not told apart from it (p = 1).
    """
    if values.ndim != 2 or floor.shape != values.shape[1:]:
        raise InvalidStatistics(f"expected (seeds, rows) and (rows,), got {values.shape} and {floor.shape}")
    return estimate(values.astype(np.float64) - floor.astype(np.float64))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for their number, in the given order (Holm, Scand. J. Statistics 6, 1979)."""
    if any(not 0 <= p <= 1 for p in p_values):
        raise InvalidStatistics(f"p-values lie between 0 and 1, got {tuple(p_values)}")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)


def _estimate(mean: float, variance: float, freedom: float, confidence: float) -> Estimate:
    if not 0 < confidence < 1:
        raise InvalidStatistics(f"confidence must lie between 0 and 1, got {confidence}")
    error = math.sqrt(variance)
    if error == 0:
        # All values are equal: nothing was seen that chance could explain, and nothing if they are 0.
        return Estimate(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    reach = student_t_quantile((1 + confidence) / 2, freedom) * error
    p_value = min(1.0, 2 * student_t_survival(abs(mean) / error, freedom))
    return Estimate(mean, mean - reach, mean + reach, p_value)
