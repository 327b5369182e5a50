import numpy as np
import pytest

from core.arrays import Array
from core.optimizer import Adam, Optimizer, Sgd, clip_calls, decay_vector


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


def test_decay_spares_whole_layers() -> None:
    decay = decay_vector((np.ones((2, 2)), np.ones((3, 1))), 0.5, rows=1, spared=[0])

    assert decay is not None
    assert decay.tolist() == [0, 0, 0, 0, 0.5, 0.5, 0]


def test_adamw_shrinks_weights_apart_from_the_gradient() -> None:
    parameters, gradient = np.array([2.0, 1.0]), np.zeros(2)
    decay = np.array([0.5, 0.0])
    optimizer = Adam(parameters, gradient, rows=1, momentum=0.9, decay=decay, decoupled=True)
    # The first step of Adam is the rate, whatever the gradient's size; the first weight shrinks by 0.1 * 0.5 before.
    _step(optimizer, gradient, [3.0, -7.0], 0.1)

    assert parameters == pytest.approx([2 * 0.95 - 0.1, 1.1], rel=1e-6)


def test_adamw_without_decay_is_adam_to_the_bit() -> None:
    results = []
    for decoupled in (False, True):
        parameters, gradient = np.ones(5, np.float32), np.zeros(5, np.float32)
        optimizer = Adam(parameters, gradient, rows=3, momentum=0.9, decoupled=decoupled)
        for _ in range(4):
            _step(optimizer, gradient, list(np.random.default_rng(1).standard_normal(5)), 0.05)
        results.append(parameters.tobytes())

    assert results[0] == results[1]


def test_long_gradients_are_clipped_and_short_ones_kept() -> None:
    gradient = np.array([30.0, 40.0], np.float32)
    # The mean gradient of ten rows is (3, 4), its norm 5.
    for call in clip_calls(gradient, 2.5, 10):
        call()

    np.testing.assert_allclose(gradient, [15, 20], rtol=1e-6)

    kept = np.array([0.1, -3e-40, 0], np.float32)
    before = kept.tobytes()
    for call in clip_calls(kept, 2.5, 10):
        call()

    assert kept.tobytes() == before


def test_a_zero_gradient_stays_zero_when_clipped() -> None:
    gradient = np.zeros(3, np.float32)
    for call in clip_calls(gradient, 1.0, 1):
        call()

    assert not gradient.any()


def test_optimizers_count_their_steps() -> None:
    for optimizer in (
        Sgd(np.zeros(2), np.zeros(2), rows=1, momentum=0.9),
        Adam(np.zeros(2), np.zeros(2), rows=1, momentum=0.9),
    ):
        optimizer.scalar_rows(np.ones(3))
        optimizer.scalar_rows(np.ones(4))

        assert optimizer.steps == 7
