"""Layer normalization (Ba, Kiros and Hinton 2016), forward and backward."""

from functools import partial

import numpy as np

from core.arrays import Array, Call, aligned, constant
from core.layers import LayerNormalization, values
from core.prepared_layer import Parameters, PreparedLayer, Signal

# Added to the variance, so that a sample of equal values gives 0 and not 0/0; torch's default.
EPSILON = 1e-5


def prepare_layer_normalization(_: LayerNormalization, inputs: Signal, parameters: Parameters) -> PreparedLayer:
    """Prepare output = gain (x - mean) / sqrt(variance + epsilon) + bias, mean and variance over each sample's values.

    Gain and bias, the two rows of the weights, are per unit of a vector and per channel of an image.
    """
    training = parameters.gradient is not None
    output = inputs.next(inputs.shape, with_gradient=training)
    count, rows, channels = values(inputs.shape), inputs.rows, inputs.shape[0]
    dtype = output.values.dtype
    # A product with these is the mean over a sample's values: in blocks, so more exact than adding one by one.
    share = np.full((1, count), 1 / count, dtype)
    epsilon, one = constant(EPSILON, dtype), constant(1, dtype)
    normalized, scratch = aligned((count, rows), dtype), aligned((count, rows), dtype)
    mean, deviation = np.empty((1, rows), dtype), np.empty((1, rows), dtype)

    def by_channel(array: Array) -> Array:
        return array.reshape(channels, -1)

    gain, bias = parameters.weights[0][:, np.newaxis], parameters.weights[1][:, np.newaxis]
    forward: list[Call] = [
        partial(np.dot, share, inputs.values, mean),
        partial(np.subtract, inputs.values, mean, normalized),
        partial(np.multiply, normalized, normalized, scratch),
        partial(np.dot, share, scratch, deviation),
        partial(np.add, deviation, epsilon, deviation),
        partial(np.sqrt, deviation, deviation),
        partial(np.divide, one, deviation, deviation),
        partial(np.multiply, normalized, deviation, normalized),
        partial(np.multiply, by_channel(normalized), gain, by_channel(output.values)),
        partial(np.add, by_channel(output.values), bias, by_channel(output.values)),
    ]
    if parameters.gradient is None or output.gradient is None:
        return PreparedLayer(output, tuple(forward))

    delta = output.gradient
    ones = np.ones(count // channels * rows, dtype)
    backward: list[Call] = [
        partial(np.multiply, delta, normalized, scratch),
        partial(np.dot, by_channel(scratch), ones, parameters.gradient[0]),
        partial(np.dot, by_channel(delta), ones, parameters.gradient[1]),
    ]
    if inputs.gradient is not None:
        # dx = (g - mean(g) - normalized mean(g normalized)) / deviation with g = delta gain; `deviation` holds its
        # reciprocal.
        mean_product = np.empty((1, rows), dtype)
        backward += [
            partial(np.multiply, by_channel(delta), gain, by_channel(delta)),
            partial(np.multiply, delta, normalized, scratch),
            partial(np.dot, share, delta, mean),
            partial(np.dot, share, scratch, mean_product),
            partial(np.multiply, normalized, mean_product, scratch),
            partial(np.subtract, delta, mean, delta),
            partial(np.subtract, delta, scratch, delta),
            partial(np.multiply, delta, deviation, inputs.gradient),
        ]
    return PreparedLayer(output, tuple(forward), tuple(backward))
