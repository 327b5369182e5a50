import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.acquisition import expected_hypervolume_gain, expected_improvement
from evolution.objectives import front
from evolution.surrogate import FloatArray

WORST, LARGEST = 0.0, 6.0


def volume(points: FloatArray) -> float:
    """The area that scores and costs dominate, down to WORST and up to LARGEST, by adding up its steps."""
    steps = points[front(points[:, 0], points[:, 1])] if len(points) else points
    ends = [*steps[1:, 1], LARGEST] if len(steps) else []
    return float(
        sum(
            max(0.0, min(end, LARGEST) - cost) * max(0.0, score - WORST)
            for (score, cost), end in zip(steps, ends, strict=True)
        )
    )


def test_the_improvement_of_a_known_score_is_what_it_exceeds() -> None:
    assert expected_improvement(np.array([0.7, 0.5]), np.zeros(2), 0.6) == pytest.approx([0.1, 0.0])


def test_the_improvement_is_the_mean_over_draws() -> None:
    draws = np.random.default_rng(0).normal(0.5, 0.2, 400_000)
    for best in (0.2, 0.5, 0.9):
        expected = np.maximum(draws - best, 0).mean()

        assert expected_improvement(np.array([0.5]), np.array([0.2]), best)[0] == pytest.approx(expected, rel=0.02)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1e-300, 5e-324, 1.0]))
def test_an_improvement_is_finite_and_not_negative(mean: float, deviation: float, best: float, scale: float) -> None:
    value = expected_improvement(np.array([mean]), np.array([deviation * scale]), best)[0]

    assert np.isfinite(value)
    assert value >= 0


@pytest.mark.parametrize("seed", range(6))
def test_the_hypervolume_gain_is_the_mean_over_draws(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = np.stack([rng.uniform(0.1, 0.9, seed), rng.uniform(1, 5, seed)], axis=1)
    members = points[front(points[:, 0], points[:, 1])]
    mean, deviation, cost = 0.6, 0.2, 3.0
    gain = expected_hypervolume_gain(
        np.array([mean]), np.array([deviation]), np.array([cost]), members, worst_score=WORST, largest_cost=LARGEST
    )
    before = volume(points)
    drawn = rng.normal(mean, deviation, 4000)
    expected = np.mean([volume(np.concatenate([points, [[score, cost]]])) - before for score in drawn])

    assert gain[0] == pytest.approx(expected, rel=0.06, abs=1e-3)


def test_nothing_is_gained_beyond_the_corner() -> None:
    gains = expected_hypervolume_gain(
        np.array([0.9, -0.5]),
        np.zeros(2),
        np.array([6.5, 1.0]),
        np.array([[0.5, 2.0]]),
        worst_score=WORST,
        largest_cost=LARGEST,
    )

    assert gains.tolist() == [0.0, 0.0]
