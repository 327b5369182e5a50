"""A network of any kinds of layers, prepared for one number of rows: forward to the logits and back.

Networks of dense layers alone have a path of their own (`core.forward`, `core.step`), which is tuned further; the two
agree to the rounding of float32.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

import numpy as np

from core.activations import activation_calls
from core.architecture import Architecture, Stage
from core.arrays import Array, Call, aligned
from core.convolution import prepare_convolution
from core.dense import prepare_dense
from core.dropout import Noise, prepare_dropout
from core.forward import CHUNK_ROWS, Inference
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling, values
from core.normalization import prepare_layer_normalization
from core.pooling import prepare_average_pooling, prepare_max_pooling
from core.prepared_layer import Parameters, PreparedLayer, Signal, new_signal

# Numbers in the largest array of a pass over images: 1 MB of float32, which stays in the cache between two calls.
PIECE_VALUES = 2**18


class Chain:
    """The layers of one network for batches of `rows` rows.

    `weights` are one (inputs + 1, units) per layer with parameters, `gradients` the arrays of the same shapes that
    `backward` fills; without them the chain is for inference. `noise` feeds dropout, and is needed with `gradients`
    when there is any. `logits` is (outputs, rows), `hidden` what each layer before it puts out.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Sequence[Array],
        rows: int,
        *,
        gradients: Sequence[Array] | None = None,
        noise: Noise | None = None,
    ) -> None:
        dtype = weights[0].dtype
        training = gradients is not None
        parameters = [
            Parameters(matrix, None if gradients is None else gradients[index]) for index, matrix in enumerate(weights)
        ]
        stages = architecture.stages
        self.logits = aligned((architecture.outputs, rows), dtype)
        forward: list[Call] = []
        layers: list[PreparedLayer] = []
        used = 0
        signal = None
        self._entry: Array | None = None
        first = stages[0].layer
        if first is None or isinstance(first, Dense):
            # A first dense layer multiplies the rows as they lie; nothing is copied.
            self._first_weights, self._first_gradient = parameters[0].weights.T, parameters[0].gradient
            self._first_product = self._first_delta = self.logits
            if first is not None:
                signal = new_signal((first.units,), rows, dtype, with_gradient=training)
                delta = signal.values if signal.gradient is None else signal.gradient
                activation = activation_calls(first.activation, signal.values, delta)
                self._first_product, self._first_delta = activation.pre, delta
                layers.append(PreparedLayer(signal, activation.forward, activation.backward))
            used = 1
        else:
            signal = new_signal(architecture.entry_shape, rows, dtype, with_gradient=False)
            self._entry = signal.values
        for stage in stages[used:-1]:
            assert signal is not None  # noqa: S101 - for mypy: only the output layer can come first without one
            own = parameters[used] if stage.weight_shape is not None else None
            used += own is not None
            layers.append(_prepare(stage, signal, own, noise if training else None, training))
            signal = layers[-1].output
        self.hidden = tuple(layer.output for layer in layers)
        for layer in layers:
            forward.extend(layer.forward)
        backward: list[Call] = []
        if signal is not None and (first is not None or self._entry is not None):
            output = parameters[-1]
            forward.append(partial(np.dot, output.weights.T, signal.with_ones, self.logits))
            if output.gradient is not None:
                backward.append(partial(np.dot, signal.with_ones, self.logits.T, output.gradient))
                if signal.gradient is not None:
                    backward.append(partial(np.dot, output.weights[:-1], self.logits, signal.gradient))
        for layer in reversed(layers):
            backward.extend(layer.backward)
        self._forward, self._backward = tuple(forward), tuple(backward)

    def forward(self, inputs: Array) -> Array:
        """Return the logits, overwritten by the next call, for inputs (inputs + 1, rows), the last row ones."""
        if self._entry is not None:
            np.copyto(self._entry, inputs[:-1])
        else:
            np.dot(self._first_weights, inputs, self._first_product)
        for call in self._forward:
            call()
        return self.logits

    def backward(self, inputs: Array) -> None:
        """Fill the gradients; `logits` holds dLoss/dlogits, `inputs` is what `forward` got."""
        for call in self._backward:
            call()
        if self._entry is None:
            np.dot(inputs, self._first_delta.T, self._first_gradient)


def _prepare(
    stage: Stage, signal: Signal, parameters: Parameters | None, noise: Noise | None, training: bool
) -> PreparedLayer:
    layer = stage.layer
    match layer:
        case MaxPooling():
            return prepare_max_pooling(layer, signal)
        case AveragePooling():
            return prepare_average_pooling(layer, signal)
        case Flatten():
            return PreparedLayer(Signal(stage.after, signal.with_ones, signal.gradient))
        case Dropout():
            if training and noise is None:
                raise ValueError("a chain with dropout needs noise to train")
            return prepare_dropout(layer, signal, noise)
        case _:
            pass
    if parameters is None or layer is None:
        raise ValueError(f"{stage} has no parameters")
    match layer:
        case Dense():
            return prepare_dense(layer, signal, parameters)
        case Convolution():
            return prepare_convolution(layer, signal, parameters)
        case LayerNormalization():
            return prepare_layer_normalization(layer, signal, parameters)
        case _:
            assert_never(layer)


class ChainInference:
    """Logits of any number of rows, chunk by chunk, in arrays that are kept from call to call (so: one thread)."""

    def __init__(self, architecture: Architecture, weights: Sequence[Array]) -> None:
        self._architecture = architecture
        self._weights = weights
        self._rows = piece_rows(architecture, CHUNK_ROWS)
        self._chunks: dict[int, tuple[Array, Chain]] = {}

    def __call__(self, inputs: Array) -> Array:
        """Return logits (n, outputs), a transposed view of a new array, for inputs (n, inputs)."""
        result = np.empty((self._architecture.outputs, len(inputs)), self._weights[0].dtype)
        for start in range(0, len(inputs), self._rows):
            chunk = inputs[start : start + self._rows]
            batch, chain = self._chunk(len(chunk))
            batch[:, :-1] = chunk
            result[:, start : start + len(chunk)] = chain.forward(batch.T)
        return result.T

    def _chunk(self, rows: int) -> tuple[Array, Chain]:
        if rows not in self._chunks:
            batch = aligned((rows, self._architecture.inputs + 1), self._weights[0].dtype)
            batch[:, -1] = 1
            self._chunks[rows] = batch, Chain(self._architecture, self._weights, rows)
        return self._chunks[rows]


def piece_rows(architecture: Architecture, rows: int) -> int:
    """Return how many of `rows` rows go through the layers at once: all of them, or as many images as fit the cache.

    Pieces are as even as can be. Vectors are small, and their matrix products are the better the more rows they have.
    """
    if len(architecture.entry_shape) == 1:
        return rows
    largest = architecture.inputs
    for stage in architecture.stages:
        gathered = 0
        if isinstance(stage.layer, Convolution) and stage.weight_shape is not None:
            gathered = stage.weight_shape[0] * values(stage.after[1:])
        largest = max(largest, values(stage.after), gathered)
    pieces = math.ceil(rows / max(1, PIECE_VALUES // largest))
    return math.ceil(rows / pieces)


def inference(architecture: Architecture, weights: Sequence[Array]) -> Callable[[Array], Array]:
    """Return what computes a network's logits (n, outputs) from prepared inputs (n, inputs)."""
    if architecture.is_dense:
        return Inference(weights, architecture.activations)
    return ChainInference(architecture, weights)
