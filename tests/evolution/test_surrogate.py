import math

import numpy as np
import pytest

from evolution.errors import InvalidSearch
from evolution.surrogate import (
    DEVIATION_SHARE,
    FloatArray,
    Hyperparameters,
    Observations,
    Posterior,
    fit,
    matern52,
    squared_distances,
)

GROUPS = (np.array([0]), np.array([1]), np.array([2, 3]))


def truth(features: FloatArray) -> FloatArray:
    return np.asarray(np.sin(features[:, 1]) + 0.5 * features[:, 2] - 0.3 * features[:, 0])


def drawn(count: int, noise: float, seed: int = 0, trainings: int = 1) -> tuple[Observations, FloatArray]:
    """Features, and scores with normal noise around the truth; returns the truth beside them."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count, 4))
    scores = truth(features)[:, np.newaxis] + noise * rng.standard_normal((count, trainings))
    means = scores.mean(axis=1)
    within = float(((scores - means[:, np.newaxis]) ** 2).sum())
    repeats = float(count * (trainings - 1))
    return Observations(features, means, np.full(count, float(trainings)), within, repeats), truth(features)


def test_the_matern_kernel_is_that_of_the_book() -> None:
    one, other = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[1.0, 1.0, 0.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    squares = squared_distances(one, other, GROUPS)
    r = math.sqrt(1 / 0.5**2 + (4 / 2) / 3**2)
    expected = (1 + math.sqrt(5) * r + 5 * r**2 / 3) * math.exp(-math.sqrt(5) * r)

    assert squares[:, 0, 0] == pytest.approx([1, 0, 2])
    assert matern52(squares, (0.5, 9.0, 3.0))[0] == pytest.approx([expected, 1.0])


def test_the_posterior_is_the_conditional_normal_distribution() -> None:
    """Against the textbook's formulas, written down plainly for one new point and the known ones."""
    observations, _ = drawn(12, 0.3, trainings=2)
    fitted = Hyperparameters((1.0, 2.0, 1.0), 0.3)
    posterior = Posterior(observations, GROUPS, fitted)
    new = np.random.default_rng(7).standard_normal((1, 4))
    features = np.concatenate([observations.features, new])
    prior = matern52(squared_distances(features, features, GROUPS), fitted.lengths)
    # True scores: f plus each network's own deviation.
    prior += DEVIATION_SHARE * fitted.noise * np.eye(13)
    seen = prior[:12, :12] + fitted.noise / 2 * np.eye(12)
    solved = np.linalg.inv(seen)
    ones = np.ones(12)
    mean = ones @ solved @ observations.means / (ones @ solved @ ones)
    residual = observations.means - mean
    amplitude = (residual @ solved @ residual + observations.within / fitted.noise) / 24
    expected = mean + prior[:, :12] @ solved @ residual
    variances = amplitude * np.diag(prior - prior[:, :12] @ solved @ prior[:12])
    means, deviations = posterior.known()
    (new_mean,), (new_deviation,) = posterior.predict(new)

    assert means == pytest.approx(expected[:12])
    assert deviations == pytest.approx(np.sqrt(variances[:12]))
    assert new_mean == pytest.approx(expected[12])
    assert new_deviation == pytest.approx(math.sqrt(variances[12]))
    assert posterior.noise == pytest.approx(amplitude * fitted.noise)


def test_a_draw_has_the_mean_and_the_spread_of_the_posterior() -> None:
    observations, _ = drawn(10, 0.3)
    posterior = Posterior(observations, GROUPS, Hyperparameters((2.0, 2.0, 2.0), 0.3))
    rows = np.array([7, 2, 4])
    rng = np.random.default_rng(1)
    draws = np.array([posterior.draw(rows, rng) for _ in range(4000)])
    means, deviations = posterior.known()

    assert draws.mean(axis=0) == pytest.approx(means[rows], abs=0.02)
    assert draws.std(axis=0) == pytest.approx(deviations[rows], rel=0.06)


def test_repeats_make_a_network_better_known_than_its_neighbors() -> None:
    observations, _ = drawn(20, 0.3)
    counts = observations.counts.copy()
    counts[3] = 9
    repeated = Observations(observations.features, observations.means, counts, 0.7, 8.0)
    _, deviations = Posterior(repeated, GROUPS, Hyperparameters((2.0, 2.0, 2.0), 0.3)).known()

    assert deviations[3] < 0.7 * np.delete(deviations, 3).min()


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_it_predicts_better_than_the_mean_and_knows_how_well(noise: float) -> None:
    observations, _ = drawn(120, noise)
    posterior = Posterior(observations, GROUPS, fit(observations, GROUPS))
    unseen, expected = drawn(400, 0.0, seed=9)
    means, deviations = posterior.predict(unseen.features)
    errors = means - expected

    assert np.sqrt(np.mean(errors**2)) < 0.5 * expected.std()
    # About two thirds of normal errors lie within one deviation, and 95 % within two.
    assert 0.5 < np.mean(np.abs(errors) < deviations) < 0.95
    assert np.mean(np.abs(errors) < 2 * deviations) > 0.85


def test_the_fit_finds_the_noise_and_what_does_not_matter() -> None:
    noisy, _ = drawn(120, 1.0, trainings=2)
    quiet, _ = drawn(120, 0.02, trainings=2)
    noise = [Posterior(each, GROUPS, fit(each, GROUPS)).noise for each in (noisy, quiet)]

    assert noise[0] == pytest.approx(1.0, rel=0.4)
    assert noise[1] < 0.02
    constant = Observations(quiet.features, np.sin(quiet.features[:, 1]), quiet.counts)
    lengths = fit(constant, GROUPS).lengths

    assert lengths[0] > lengths[1]
    assert lengths[2] > lengths[1]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_scores_that_are_all_equal_leave_nothing_uncertain(count: int) -> None:
    observations = Observations(np.eye(5, 4)[:count], np.full(count, 0.5), np.ones(count))
    posterior = Posterior(observations, GROUPS, fit(observations, GROUPS))
    means, deviations = posterior.predict(np.ones((3, 4)))

    assert means == pytest.approx([0.5] * 3)
    assert np.isfinite(deviations).all()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_cannot_be_observed(value: float) -> None:
    with pytest.raises(InvalidSearch, match="finite"):
        Observations(np.zeros((2, 4)), np.array([0.5, value]), np.ones(2))
    with pytest.raises(InvalidSearch, match="finite"):
        Observations(np.full((2, 4), value), np.array([0.5, 0.5]), np.ones(2))


def test_observations_need_a_network() -> None:
    with pytest.raises(InvalidSearch, match="at least one"):
        Observations(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
