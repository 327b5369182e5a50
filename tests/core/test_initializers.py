import math

import numpy as np
import pytest

from core.architecture import ActivationName
from core.initializers import initialize_dense, uniform_limit


@pytest.mark.parametrize(
    ("activation", "variance"),
    [("relu", 2 / 400), ("gelu", 2 / 400), ("tanh", 2 / 600), ("sigmoid", 32 / 600), (None, 0.02 / 600)],
)
def test_variance_fits_the_activation(activation: ActivationName | None, variance: float) -> None:
    weights = np.full((401, 200), 7, np.float32)
    initialize_dense(weights, activation, rng=np.random.default_rng(0))

    assert weights[:-1].var() == pytest.approx(variance, rel=0.02)
    assert abs(weights[:-1].mean()) < 3 * math.sqrt(variance / 80_000)
    assert np.abs(weights).max() <= uniform_limit(activation, 400, 200) * (1 + 1e-6)
    np.testing.assert_array_equal(weights[-1], 0)


def test_draws_follow_the_generator() -> None:
    first, second = np.empty((5, 3), np.float32), np.empty((5, 3), np.float32)
    initialize_dense(first, "relu", rng=np.random.default_rng(4))
    initialize_dense(second, "relu", rng=np.random.default_rng(4))

    np.testing.assert_array_equal(first, second)


def test_signal_keeps_its_size_through_many_layers() -> None:
    rng = np.random.default_rng(1)
    signal = rng.standard_normal((200, 128)).astype(np.float32)
    for _ in range(10):
        weights = np.empty((129, 128), np.float32)
        initialize_dense(weights, "relu", rng=rng)
        signal = np.maximum(signal @ weights[:-1], 0)

    assert 0.3 < np.square(signal).mean() < 3
