"""Textbook float64 networks: slow, allocating, plain. The fast step must compute the same numbers."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.architecture import ActivationName

Matrix: TypeAlias = npt.NDArray[np.float64]


def activate(name: ActivationName, z: Matrix) -> Matrix:
    match name:
        case "relu":
            return np.where(z > 0, z, 0.0)
        case "tanh":
            return np.tanh(z)
        case "sigmoid":
            return 1 / (1 + np.exp(-z))
        case "gelu":
            return np.asarray(0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))))


def slope(name: ActivationName, z: Matrix) -> Matrix:
    match name:
        case "relu":
            return np.where(z > 0, 1.0, 0.0)
        case "tanh":
            return np.asarray(1 / np.cosh(z) ** 2)
        case "sigmoid":
            s = activate("sigmoid", z)
            return s * (1 - s)
        case "gelu":
            u = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
            du = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
            return np.asarray(0.5 * (1 + np.tanh(u)) + 0.5 * z * du / np.cosh(u) ** 2)


def log_softmax(logits: Matrix) -> Matrix:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Matrix = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def forward(weights: Sequence[Matrix], activations: Sequence[ActivationName], inputs: Matrix) -> list[Matrix]:
    """Return the z of every layer; the last are the logits."""
    values, zs = inputs, []
    for index, matrix in enumerate(weights):
        zs.append(values @ matrix[:-1] + matrix[-1])
        if index < len(activations):
            values = activate(activations[index], zs[-1])
    return zs


def mean_loss(
    weights: Sequence[Matrix],
    activations: Sequence[ActivationName],
    inputs: Matrix,
    targets: npt.NDArray[np.int64],
) -> float:
    logits = forward(weights, activations, inputs)[-1]
    return float(-log_softmax(logits)[np.arange(len(targets)), targets].mean())


def gradients(
    weights: Sequence[Matrix],
    activations: Sequence[ActivationName],
    inputs: Matrix,
    targets: npt.NDArray[np.int64],
) -> list[Matrix]:
    """Return the gradient of the mean loss for every weight matrix, biases in the last row."""
    zs = forward(weights, activations, inputs)
    delta = np.exp(log_softmax(zs[-1]))
    delta[np.arange(len(targets)), targets] -= 1
    delta /= len(targets)
    result: list[Matrix] = []
    for index in range(len(weights) - 1, -1, -1):
        below = inputs if index == 0 else activate(activations[index - 1], zs[index - 1])
        result.append(np.vstack([below.T @ delta, delta.sum(axis=0)]))
        if index > 0:
            delta = (delta @ weights[index][:-1].T) * slope(activations[index - 1], zs[index - 1])
    return result[::-1]


class Sgd:
    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self.velocity: list[Any] = []

    def step(self, weights: list[Matrix], gradient: list[Matrix], rate: float) -> None:
        self.velocity = self.velocity or [np.zeros_like(matrix) for matrix in weights]
        for matrix, g, v in zip(weights, gradient, self.velocity, strict=True):
            v[:] = self.momentum * v + g
            np.subtract(matrix, rate * (g + self.momentum * v), out=matrix)


class Adam:
    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self.steps = 0
        self.first: list[Any] = []
        self.second: list[Any] = []

    def step(self, weights: list[Matrix], gradient: list[Matrix], rate: float) -> None:
        self.first = self.first or [np.zeros_like(matrix) for matrix in weights]
        self.second = self.second or [np.zeros_like(matrix) for matrix in weights]
        self.steps += 1
        for matrix, g, m, v in zip(weights, gradient, self.first, self.second, strict=True):
            m[:] = self.momentum * m + (1 - self.momentum) * g
            v[:] = 0.999 * v + 0.001 * g * g
            corrected_m = m / (1 - self.momentum**self.steps)
            corrected_v = v / (1 - 0.999**self.steps)
            np.subtract(matrix, rate * corrected_m / (np.sqrt(corrected_v) + 1e-8), out=matrix)
