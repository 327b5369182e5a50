"""The dense layer in a network of several kinds; networks of dense layers alone take `core.forward`."""

from functools import partial

import numpy as np

from core.activations import activation_calls
from core.arrays import Call
from core.layers import Dense
from core.prepared_layer import Parameters, PreparedLayer, Signal


def prepare_dense(layer: Dense, inputs: Signal, parameters: Parameters) -> PreparedLayer:
    """Prepare output = activation(weights^T (inputs, 1)), as one matrix product with the biases in it."""
    training = parameters.gradient is not None
    output = inputs.next((layer.units,), with_gradient=training)
    # Outside training nobody calls backward: the output stands in for the gradient that it would be bound to.
    delta = output.values if output.gradient is None else output.gradient
    activation = activation_calls(layer.activation, output.values, delta)
    product: Call = partial(np.dot, parameters.weights.T, inputs.with_ones, activation.pre)
    forward = (product, *activation.forward)
    if parameters.gradient is None:
        return PreparedLayer(output, forward)
    backward: list[Call] = [*activation.backward, partial(np.dot, inputs.with_ones, delta.T, parameters.gradient)]
    if inputs.gradient is not None:
        backward.append(partial(np.dot, parameters.weights[:-1], delta, inputs.gradient))
    return PreparedLayer(output, forward, tuple(backward))
