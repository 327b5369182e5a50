"""The forward pass, prepared for one number of rows.

Arrays are class-major, (units, rows): the softmax then reduces over axis 0, which runs at full vector width, and every
hidden layer's output is one contiguous block with a row of ones under it, which multiplies the next layer's biases.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from core.activations import activation_calls
from core.architecture import ActivationName
from core.arrays import Array, Call, aligned

# Rows per pass outside training: enough to fill the processor, few enough to stay in its cache.
CHUNK_ROWS = 256


class Forward:
    """One network's forward pass for batches of `rows` rows, and the part of the way back that its arrays allow.

    `weights` are the (inputs + 1, units) matrices, the bias last. `first` is where weights[0].T times the inputs goes;
    `calls` do the rest up to `logits` (outputs, rows). `hidden` are (units + 1, rows), the last row ones.
    When training, `gradients` are (units, rows); each layer's calls in `backward` turn its gradient from dLoss/doutput
    into dLoss/dz.
    """

    def __init__(
        self, weights: Sequence[Array], activations: Sequence[ActivationName], rows: int, *, training: bool = True
    ) -> None:
        dtype = weights[0].dtype
        self.logits = aligned((weights[-1].shape[1], rows), dtype)
        self.hidden: list[Array] = []
        self.gradients: list[Array] = []
        self.backward: list[tuple[Call, ...]] = []
        self.first = self.logits
        self.calls: list[Call] = []
        self._first_weights = weights[0].T
        layers = []
        for matrix, activation in zip(weights, activations, strict=False):
            units = matrix.shape[1]
            output = aligned((units + 1, rows), dtype)
            output[units] = 1
            # Outside training nobody goes back: the output stands in for the gradient that the calls would be bound to.
            gradient = aligned((units, rows), dtype) if training else output[:units]
            layers.append(activation_calls(activation, output[:units], gradient))
            self.hidden.append(output)
            self.gradients.append(gradient)
            self.backward.append(layers[-1].backward)
        products = [layer.pre for layer in layers] + [self.logits]
        self.first = products[0]
        for index, layer in enumerate(layers):
            self.calls.extend(layer.forward)
            self.calls.append(partial(weights[index + 1].T.dot, self.hidden[index], products[index + 1]))

    def __call__(self, inputs: Array) -> Array:
        """Return the logits (outputs, rows), overwritten by the next call, for inputs (inputs + 1, rows)."""
        self._first_weights.dot(inputs, self.first)
        for call in self.calls:
            call()
        return self.logits


class Inference:
    """Logits of any number of rows, chunk by chunk, in arrays that are kept from call to call (so: one thread)."""

    def __init__(self, weights: Sequence[Array], activations: Sequence[ActivationName]) -> None:
        self._weights = weights
        self._activations = activations
        self._chunks: dict[int, tuple[Array, Forward]] = {}

    def __call__(self, inputs: Array) -> Array:
        """Return logits (n, outputs), a transposed view of a new array, for inputs (n, inputs)."""
        rows = len(inputs)
        result = np.empty((self._weights[-1].shape[1], rows), self._weights[0].dtype)
        for start in range(0, rows, CHUNK_ROWS):
            chunk = inputs[start : start + CHUNK_ROWS]
            batch, forward = self._chunk(len(chunk))
            batch[:, :-1] = chunk
            result[:, start : start + len(chunk)] = forward(batch.T)
        return result.T

    def _chunk(self, rows: int) -> tuple[Array, Forward]:
        if rows not in self._chunks:
            batch = aligned((rows, len(self._weights[0])), self._weights[0].dtype)
            batch[:, -1] = 1
            self._chunks[rows] = batch, Forward(self._weights, self._activations, rows, training=False)
        return self._chunks[rows]
