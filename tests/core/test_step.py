import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, ActivationName
from core.optimizer import Adam, Sgd, decay_vector
from core.step import EpochBuffer, Stepper
from tests.core import reference
from tests.core.builders import Bench, architecture, random_rows


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_gradient_equals_finite_differences(activation: ActivationName, depth: int) -> None:
    described = architecture(5, [4, 6, 3][:depth], 3, activation)
    bench = Bench(described, *random_rows(7, 5, 3), 7, np.float64)
    batch = bench.buffer.batches[0]
    # Biases start at 0; other values make sure that their gradient is looked at away from there.
    bench.parameters += 0.1 * np.random.default_rng(1).standard_normal(bench.parameters.shape)
    gradient = bench.gradient_of(batch)
    numeric = np.empty_like(gradient)
    delta = 1e-6
    for index, value in enumerate(bench.parameters.copy()):
        bench.parameters[index] = value + delta
        above = bench.loss_of(batch)
        bench.parameters[index] = value - delta
        below = bench.loss_of(batch)
        bench.parameters[index] = value
        numeric[index] = (above - below) / (2 * delta)

    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_gradient_equals_the_reference(activation: ActivationName, depth: int) -> None:
    described = architecture(9, [8, 5, 7][:depth], 4, activation)
    inputs, targets = random_rows(12, 9, 4)
    plain = Bench(described, inputs, targets, 12, np.float64)
    order = plain.buffer.order
    expected = reference.gradients(plain.weights, plain.activations, inputs[order], targets[order])
    flat = np.concatenate([matrix.reshape(-1) for matrix in expected]) * 12

    np.testing.assert_allclose(plain.gradient_of(plain.buffer.batches[0]), flat, rtol=1e-9, atol=1e-12)

    fast = Bench(described, inputs.astype(np.float32), targets, 12, np.float32)

    np.testing.assert_allclose(fast.gradient_of(fast.buffer.batches[0]), flat, rtol=2e-5, atol=2e-5)


def _follow(
    optimizer: str, activation: ActivationName, momentum: float, weight_decay: float, rows: int, batch_rows: int
) -> None:
    """Take two epochs of steps with the product and with the reference, and compare parameters and losses."""
    described = architecture(6, [7, 5], 3, activation)
    inputs, targets = random_rows(rows, 6, 3)
    bench = Bench(described, inputs.astype(np.float32), targets, batch_rows, np.float32)
    weights = [matrix.astype(np.float64) for matrix in bench.weights]
    kind = Adam if optimizer == "adam" else Sgd
    decay = decay_vector(bench.weights, weight_decay, batch_rows)
    product = kind(bench.parameters, bench.gradient, rows=batch_rows, momentum=momentum, decay=decay)
    stepper = Stepper(bench.weights, bench.gradients, bench.activations, product, batch_rows)
    plain = reference.Adam(momentum) if optimizer == "adam" else reference.Sgd(momentum)
    steps = len(bench.buffer.batches)
    rates = np.linspace(0.01, 0.002, 2 * steps)
    for epoch in range(2):
        bench.buffer.shuffle(rng=np.random.default_rng(epoch))
        stepper.run(bench.buffer.batches, rates[epoch * steps : (epoch + 1) * steps])
        losses = []
        for number, start in enumerate(range(0, rows, batch_rows)):
            chosen = bench.buffer.order[start : start + batch_rows]
            batch_inputs = inputs[chosen].astype(np.float32).astype(np.float64)
            loss = reference.mean_loss(weights, bench.activations, batch_inputs, targets[chosen])
            losses.append(loss * len(chosen))
            gradient = reference.gradients(weights, bench.activations, batch_inputs, targets[chosen])
            for g, matrix in zip(gradient, weights, strict=True):
                g[:-1] += weight_decay * matrix[:-1]
            plain.step(weights, gradient, rates[epoch * steps + number])

        assert bench.buffer.loss() == pytest.approx(sum(losses) / rows, rel=1e-4)

    for matrix, expected in zip(bench.weights, weights, strict=True):
        np.testing.assert_allclose(matrix, expected, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.02])
def test_steps_follow_the_reference(optimizer: str, activation: ActivationName, weight_decay: float) -> None:
    # 50 rows in batches of 16: three full ones and one of two rows.
    _follow(optimizer, activation, 0.9, weight_decay, rows=50, batch_rows=16)


@given(
    optimizer=st.sampled_from(["sgd", "adam"]),
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    rows=st.integers(1, 20),
    batch=st.integers(1, 20),
)
@settings(deadline=None, max_examples=25)
def test_batches_of_any_size_follow_the_reference(optimizer: str, momentum: float, rows: int, batch: int) -> None:
    _follow(optimizer, "tanh", momentum, 0.0, rows=rows, batch_rows=min(batch, rows))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", [Sgd, Adam])
def test_a_step_allocates_nothing(activation: ActivationName, kind: type[Sgd] | type[Adam]) -> None:
    inputs, targets = random_rows(600, 100, 10)
    bench = Bench(architecture(100, [128, 128], 10, activation), inputs, targets, 128, np.float32)
    decay = decay_vector(bench.weights, 0.1, 128)
    optimizer = kind(bench.parameters, bench.gradient, rows=128, momentum=0.9, decay=decay)
    stepper = Stepper(bench.weights, bench.gradients, bench.activations, optimizer, 128)
    rates = np.full(len(bench.buffer.batches), 0.001)
    # The first epoch prepares the calls for both batch sizes, 128 and 88.
    stepper.run(bench.buffer.batches, rates)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        stepper.run(bench.buffer.batches, rates)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    # One array of a hidden layer would be 65,536 bytes; what is left are the scalars of five steps and tuples.
    assert peak < 8192


def test_epoch_buffer_cuts_every_row_once_and_matches_targets() -> None:
    inputs, targets = random_rows(10, 3, 4)
    buffer = EpochBuffer(inputs, targets, 4, 4, np.float64)
    buffer.shuffle(rng=np.random.default_rng(5))

    assert [batch.rows for batch in buffer.batches] == [4, 4, 2]
    assert sorted(buffer.order) == list(range(10))

    for start, batch in zip((0, 4, 8), buffer.batches, strict=True):
        chosen = buffer.order[start : start + batch.rows]
        if batch.gather is not None:
            batch.gather()

        np.testing.assert_array_equal(batch.inputs[:, :-1], inputs[chosen])
        np.testing.assert_array_equal(batch.inputs[:, -1], 1)
        np.testing.assert_array_equal(batch.one_hot, np.eye(4)[:, targets[chosen]])
        np.testing.assert_array_equal(batch.target_cells // batch.rows, targets[chosen])
        np.testing.assert_array_equal(batch.target_cells % batch.rows, np.arange(batch.rows))


def test_order_depends_on_the_stream_alone() -> None:
    inputs, targets = random_rows(30, 2, 2)
    buffer = EpochBuffer(inputs, targets, 2, 8, np.float32)
    buffer.shuffle(rng=np.random.default_rng(1))
    first = buffer.order.copy()
    buffer.shuffle(rng=np.random.default_rng(2))
    buffer.shuffle(rng=np.random.default_rng(1))

    np.testing.assert_array_equal(buffer.order, first)
