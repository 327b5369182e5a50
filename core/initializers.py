"""First weights, drawn so that signals keep their size from layer to layer."""

import math
from typing import assert_never

import numpy as np

from core.arrays import Array
from core.layers import ActivationName, Convolution, Dense, Layer, LayerNormalization


def initialize_layer(layer: Layer | None, weights: Array, *, rng: np.random.Generator) -> None:
    """Fill the weights of a layer in place; None stands for the output layer."""
    match layer:
        case Convolution():
            # A unit reaches as many weights as its windows hold: kernel * kernel for each output channel.
            reached = layer.channels * layer.kernel**2
            _draw(weights, uniform_limit(layer.activation, len(weights) - 1, reached), rng)
        case LayerNormalization():
            weights[0], weights[1] = 1, 0
        case Dense():
            initialize_dense(weights, layer.activation, rng=rng)
        case _:
            initialize_dense(weights, None, rng=rng)


def initialize_dense(weights: Array, activation: ActivationName | None, *, rng: np.random.Generator) -> None:
    """Fill one layer's (inputs + 1, units) in place; None stands for the output layer. Biases, the last row, are 0."""
    _draw(weights, uniform_limit(activation, weights.shape[0] - 1, weights.shape[1]), rng)


def _draw(weights: Array, limit: float, rng: np.random.Generator) -> None:
    draws = rng.random(size=(weights.shape[0] - 1, weights.shape[1]), dtype=np.float32)
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
