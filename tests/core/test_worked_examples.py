"""Two networks computed with pencil and paper; every number below can be checked by hand."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.arrays import Array
from core.network import Network
from core.optimizer import Sgd
from tests.core.builders import Bench

Matrices: TypeAlias = Sequence[Sequence[Sequence[float]]]

# Input (1, 2). Hidden relu layer: z = (1*1 + 2*1 + 0, -1*1 + 1*2 - 3) = (3, -2), output (3, 0).
# Logits (1*3 + 5*0 + 3, 2*3 + 7*0 + 0) = (6, 6): both probabilities 1/2, loss ln 2.
# Target 0: delta (-1/2, 1/2). Gradient of the output weights (3, 0) x delta, of its biases delta.
# Back: (1*-1/2 + 2*1/2, 5*-1/2 + 7*1/2) = (1/2, 1); relu lets the first pass: (1/2, 0); times the input (1, 2).
RELU = Architecture((2,), (Dense(2, "relu"),), 2)
RELU_WEIGHTS: Matrices = [[[1, -1], [1, 1], [0, -3]], [[1, 2], [5, 7], [3, 0]]]
RELU_GRADIENTS: Matrices = [[[0.5, 0], [1, 0], [0.5, 0]], [[-1.5, 1.5], [0, 0], [-0.5, 0.5]]]

# Input 2. Sigmoid layer: z = 1*2 - 2 = 0, output 1/2, slope 1/4. Tanh layer: z = 2*1/2 - 1 = 0, output 0, slope 1.
# Logits (ln 3, 0): probabilities (3/4, 1/4). Target 1: loss ln 4, delta (3/4, -3/4).
# Back: 1*3/4 + -1*-3/4 = 3/2 at the tanh unit, 2*3/2 = 3 at the sigmoid's output, 3*1/4 = 3/4 before it.
MIXED = Architecture((1,), (Dense(1, "sigmoid"), Dense(1, "tanh")), 2)
MIXED_WEIGHTS: Matrices = [[[1], [-2]], [[2], [-1]], [[1, -1], [math.log(3), 0]]]
MIXED_GRADIENTS: Matrices = [[[1.5], [0.75]], [[0.75], [1.5]], [[0, 0], [0.75, -0.75]]]


def _flat(matrices: Matrices) -> Array:
    return np.concatenate([np.array(matrix, np.float64).reshape(-1) for matrix in matrices])


@pytest.mark.parametrize(
    ("described", "inputs", "target", "weights", "gradients", "loss"),
    [
        (RELU, [1.0, 2.0], 0, RELU_WEIGHTS, RELU_GRADIENTS, math.log(2)),
        (MIXED, [2.0], 1, MIXED_WEIGHTS, MIXED_GRADIENTS, math.log(4)),
    ],
)
def test_worked_example(
    described: Architecture,
    inputs: list[float],
    target: int,
    weights: Matrices,
    gradients: Matrices,
    loss: float,
) -> None:
    bench = Bench(described, np.array([inputs]), np.array([target]), 1)
    bench.parameters[:] = _flat(weights)
    batch = bench.buffer.batches[0]

    assert bench.loss_of(batch) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(bench.gradient_of(batch), _flat(gradients), rtol=1e-12, atol=1e-15)


def test_worked_update() -> None:
    bench = Bench(RELU, np.array([[1.0, 2.0]]), np.array([0]), 1)
    bench.parameters[:] = _flat(RELU_WEIGHTS)
    optimizer = Sgd(bench.parameters, bench.gradient, rows=1, momentum=0.0)
    optimizer.scalars[:] = optimizer.scalar_rows(np.array([0.1]))[0]
    bench.gradient_of(bench.buffer.batches[0])
    for call in optimizer.calls:
        call()

    np.testing.assert_allclose(bench.weights[0], [[0.95, -1.0], [0.9, 1.0], [-0.05, -3.0]], rtol=1e-12)
    np.testing.assert_allclose(bench.weights[1], [[1.15, 1.85], [5.0, 7.0], [3.05, -0.05]], rtol=1e-12)


def test_worked_prediction() -> None:
    network = Network(MIXED)
    network.parameters[:] = _flat(MIXED_WEIGHTS)

    np.testing.assert_allclose(network.predict_probabilities(np.array([[2.0]])), [[0.75, 0.25]], rtol=1e-6)
    assert network.predict(np.array([[2.0]])).tolist() == [0]
