import numpy as np
import pytest

from core.arrays import Array
from core.optimizer import Adam, Optimizer, Sgd, decay_vector


def _step(optimizer: Optimizer, gradient: Array, value: list[float], rate: float) -> None:
    gradient[:] = value
    optimizer.scalars[:] = optimizer.scalar_rows(np.array([rate]))[0]
    for call in optimizer.calls:
        call()


def test_nesterov_by_hand() -> None:
    parameters, gradient = np.array([1.0]), np.zeros(1)
    optimizer = Sgd(parameters, gradient, rows=2, momentum=0.5)
    # The gradient is a sum over two rows: its mean is 2. Velocity 2, step 0.1 * (2 + 0.5 * 2).
    _step(optimizer, gradient, [4.0], 0.1)

    assert parameters[0] == pytest.approx(0.7)

    # Velocity 0.5 * 2 + 1 = 2, step 0.2 * (1 + 0.5 * 2).
    _step(optimizer, gradient, [2.0], 0.2)

    assert parameters[0] == pytest.approx(0.3)


def test_adam_by_hand() -> None:
    parameters, gradient = np.array([1.0, 1.0]), np.zeros(2)
    optimizer = Adam(parameters, gradient, rows=1, momentum=0.9)
    # After the corrections the first step is rate * g / (|g| + epsilon).
    _step(optimizer, gradient, [3.0, 1e-8], 0.1)

    assert parameters == pytest.approx([0.9, 0.95], rel=1e-6)

    # m = 0.9 * 0.3 + 0.1 * -1 = 0.17, / 0.19; v = 0.999 * 0.009 + 0.001 = 0.009991, / 0.001999.
    _step(optimizer, gradient, [-1.0, 0.0], 0.1)

    assert parameters[0] == pytest.approx(0.9 - 0.1 * (0.17 / 0.19) / np.sqrt(0.009991 / 0.001999), rel=1e-7)


def test_epsilon_counts_per_mean_gradient() -> None:
    parameters, gradient = np.array([1.0]), np.zeros(1)
    optimizer = Adam(parameters, gradient, rows=4, momentum=0.9)
    _step(optimizer, gradient, [4e-8], 0.1)

    assert parameters[0] == pytest.approx(0.95, rel=1e-6)


def test_decay_spares_biases() -> None:
    weights = (np.ones((3, 2)), np.ones((3, 1)))
    decay = decay_vector(weights, 0.5, rows=4)

    assert decay is not None
    assert decay.tolist() == [2, 2, 2, 2, 0, 0, 2, 2, 0]
    assert decay_vector(weights, 0.0, rows=4) is None
