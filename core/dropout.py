"""Dropout, in the form that scales in training, and the chance it needs."""

from functools import partial

import numpy as np

from core.arrays import Call, constant
from core.layers import Dropout
from core.prepared_layer import PreparedLayer, Signal


class Noise:
    """A source of numbers from 0 to 1 that prepared calls can hold on to while every epoch brings another generator."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def fill(self, array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        """Fill a float32 or float64 array with draws from [0, 1)."""
        self.generator.random(dtype=array.dtype, out=array)


def prepare_dropout(layer: Dropout, inputs: Signal, noise: Noise | None) -> PreparedLayer:
    """Prepare output = inputs * mask; without noise, so outside training, the output is the input itself."""
    if noise is None:
        return PreparedLayer(inputs)
    fresh = inputs.next(inputs.shape, with_gradient=False)
    # The gradient is only scaled, so input and output share one array.
    output = Signal(inputs.shape, fresh.with_ones, inputs.gradient)
    dtype = fresh.with_ones.dtype
    mask = np.empty(output.values.shape, dtype)
    kept, scale = constant(1 - layer.rate, dtype), constant(1 / (1 - layer.rate), dtype)
    forward: list[Call] = [
        partial(noise.fill, mask),
        # floor(u + kept) is 1 with probability `kept`, else 0: two operations at full width and no booleans.
        partial(np.add, mask, kept, mask),
        partial(np.floor, mask, mask),
        partial(np.multiply, mask, scale, mask),
        partial(np.multiply, inputs.values, mask, output.values),
    ]
    gradient = inputs.gradient
    backward = () if gradient is None else (partial(np.multiply, gradient, mask, gradient),)
    return PreparedLayer(output, tuple(forward), backward)
