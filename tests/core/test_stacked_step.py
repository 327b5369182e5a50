import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from core.arrays import Array, aligned
from core.epoch_rows import with_ones
from core.optimizer import Adam
from core.stacked_step import (
    Part,
    Slot,
    Stack,
    StackedForward,
    StackedInference,
    StackedStepper,
    stacked_views,
    step_calls,
)
from tests.core import reference
from tests.core.builders import architecture, random_rows


def _stack(members: int, widths: list[int], dtype: npt.DTypeLike = np.float64) -> tuple[Stack, Array, Array]:
    described = architecture(6, widths, 4, "tanh")
    parameters, gradient = (aligned((members, described.parameter_count), dtype) for _ in range(2))
    parameters[:] = 0.3 * np.random.default_rng(0).standard_normal(parameters.shape)
    views = stacked_views(described, parameters), stacked_views(described, gradient)
    return Stack((Part(slice(0, members), *views),), described.activations, np), parameters, gradient


@pytest.mark.parametrize("widths", [[], [5], [5, 7]])
@pytest.mark.parametrize("rows", [1, 3, 4, 9])
def test_gradients_equal_the_reference_for_every_member(widths: list[int], rows: int) -> None:
    stack, _, _ = _stack(3, widths)
    inputs, targets = random_rows(30, 6, 4)
    orders = np.random.default_rng(1).permuted(np.tile(np.arange(30), (3, 1)), axis=1)[:, :rows]
    forward = StackedForward(stack, rows)
    one_hot = np.zeros(forward.logit_memory.shape)
    cells = np.empty((3, rows), np.intp)
    for member, order in enumerate(orders):
        for row, target in enumerate(targets[order]):
            # The layout of the logits differs with the rows; their strides say where a cell lies.
            strides = np.array(forward.logits.strides) // 8
            cells[member, row] = member * strides[0] + target * strides[1] + row * strides[2]
            one_hot.reshape(-1)[cells[member, row]] = 1
    slot = Slot(with_ones(inputs, np.float64)[orders], one_hot, cells, np.zeros((3, rows)), np.zeros((3, rows)))
    for call in step_calls(stack, forward, slot, 2.0):
        call()
    losses = (np.log(slot.sums) - slot.target_logits).mean(axis=1)
    for member, order in enumerate(orders):
        weights = [layer[member] for layer in stack.parts[0].weights]
        expected = reference.gradients(weights, stack.activations, inputs[order], targets[order])
        loss = reference.mean_loss(weights, stack.activations, inputs[order], targets[order])

        assert losses[member] == pytest.approx(loss)

        for layer, matrix in zip(stack.parts[0].gradients, expected, strict=True):
            np.testing.assert_allclose(layer[member], 2 * rows * matrix, rtol=1e-9, atol=1e-12)


def test_steps_allocate_no_arrays() -> None:
    stack, parameters, gradient = _stack(5, [64, 32], np.float32)
    inputs, targets = random_rows(600, 6, 4)
    optimizer = Adam(parameters.reshape(-1), gradient.reshape(-1), rows=128, momentum=0.9)
    # Four full batches and one of 88 rows.
    stepper = StackedStepper(stack, optimizer, inputs.astype(np.float32), targets, 128)
    stepper.shuffle([np.random.default_rng(member) for member in range(5)])
    rates = np.full(stepper.steps, 0.001)
    stepper.run(rates)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        stepper.run(rates)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    # The smaller hidden layer would be 81,920 bytes; what is left is the buffer of NumPy's iterator, which has 32,768
    # bytes at most and goes with each broadcasting call, and the scalars of five steps.
    assert peak < 40_000


def test_blocks_cover_every_row_of_every_member_once() -> None:
    stack, parameters, gradient = _stack(2, [3], np.float32)
    inputs = np.arange(50 * 6, dtype=np.float32).reshape(50, 6)
    optimizer = Adam(parameters.reshape(-1), gradient.reshape(-1), rows=8, momentum=0.9)
    stepper = StackedStepper(stack, optimizer, inputs, np.zeros(50, np.int64), 8)
    stepper.shuffle([np.random.default_rng(1), np.random.default_rng(2)])

    assert stepper.steps == 7
    np.testing.assert_array_equal(np.sort(stepper.order, axis=1), [np.arange(50)] * 2)
    assert (stepper.order[0] != stepper.order[1]).any()

    expected = np.arange(50)
    np.random.default_rng(2).shuffle(expected)

    np.testing.assert_array_equal(stepper.order[1], expected)


@pytest.mark.parametrize("rows", [1, 256, 300])
def test_inference_equals_the_reference(rows: int) -> None:
    stack, _, _ = _stack(3, [5, 7])
    inputs, _ = random_rows(rows, 6, 4)
    logits = StackedInference(stack, inputs)()

    assert logits.shape == (3, 4, rows)

    for member in range(3):
        expected = reference.forward([layer[member] for layer in stack.parts[0].weights], stack.activations, inputs)[-1]

        np.testing.assert_allclose(logits[member].T, expected, rtol=1e-9, atol=1e-12)
