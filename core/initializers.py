"""First weights, drawn so that signals keep their size from layer to layer."""

import math
from typing import assert_never

import numpy as np

from core.architecture import ActivationName
from core.arrays import Array


def initialize_dense(weights: Array, activation: ActivationName | None, *, rng: np.random.Generator) -> None:
    """Fill one layer's (inputs + 1, units) in place; None stands for the output layer. Biases, the last row, are 0."""
    inputs, units = weights.shape[0] - 1, weights.shape[1]
    limit = uniform_limit(activation, inputs, units)
    draws = rng.random(size=(inputs, units), dtype=np.float32)
    weights[:-1] = (draws * np.float32(2) - np.float32(1)) * np.float32(limit)
    weights[-1] = 0


def uniform_limit(activation: ActivationName | None, inputs: int, units: int) -> float:
    """Return the a of the uniform distribution from -a to a.

    For relu and gelu the variance 2 / inputs of He et al. 2015 (eq. 10); for tanh sqrt(6 / (inputs + units)) of Glorot
    and Bengio 2010 (eq. 16), four times that for the sigmoid, whose slope at 0 is a quarter of tanh's. The output layer
    gets a tenth of Glorot's: a network that starts with nearly equal probabilities need not first unlearn sure guesses.
    """
    glorot = math.sqrt(6 / (inputs + units))
    match activation:
        case "relu" | "gelu":
            return math.sqrt(6 / inputs)
        case "tanh":
            return glorot
        case "sigmoid":
            return 4 * glorot
        case None:
            return glorot / 10
        case _:
            assert_never(activation)
