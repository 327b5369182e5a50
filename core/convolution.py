"""2-D convolution as a gather of columns and one matrix product.

Every window of every sample becomes a column of (channels * kernel * kernel) values with a one under it. With the
weights as (columns' height, output channels), one product gives all outputs of the batch, class-major as they are
wanted, biases included: (output channels, window rows, window columns, rows). Backward, one product with the same
columns gives the gradient of the weights, another one the gradient of the columns, which is added back into the image.
"""

from functools import partial

import numpy as np

from core.activations import activation_calls
from core.arrays import Call, aligned
from core.layers import Convolution, Shape
from core.prepared_layer import Parameters, PreparedLayer, Signal
from core.windows import places


def prepare_convolution(layer: Convolution, inputs: Signal, parameters: Parameters) -> PreparedLayer:
    """Prepare output = activation(weights^T columns) for images (channels, height, width, rows)."""
    training = parameters.gradient is not None
    shape: Shape = layer.output_shape(inputs.shape)
    channels, (down, across), rows = inputs.shape[0], shape[1:], inputs.rows
    size = layer.kernel
    dtype = inputs.with_ones.dtype
    window_places = places(inputs.shape, size, layer.stride, layer.padding)

    columns = aligned((channels * size * size + 1, down * across * rows), dtype)
    columns[-1] = 1
    windows = columns[:-1].reshape(channels, size, size, down, across, rows)
    # What lies in the padding is never written and stays 0.
    forward: list[Call] = [
        partial(np.copyto, place.of_windows(windows[:, place.row, place.column]), place.of_image(inputs.image))
        for place in window_places
    ]
    output = inputs.next(shape, with_gradient=training)
    delta = output.values if output.gradient is None else output.gradient
    activation = activation_calls(layer.activation, output.values, delta)
    # A reshaped pre-activation must stay a view: all arrays here are contiguous.
    forward.append(partial(np.dot, parameters.weights.T, columns, activation.pre.reshape(layer.channels, -1)))
    forward.extend(activation.forward)
    if parameters.gradient is None:
        return PreparedLayer(output, tuple(forward))

    flat_delta = delta.reshape(layer.channels, -1)
    backward: list[Call] = [*activation.backward, partial(np.dot, columns, flat_delta.T, parameters.gradient)]
    image_gradient = inputs.image_gradient
    if image_gradient is not None:
        column_gradient = aligned((channels * size * size, down * across * rows), dtype)
        window_gradient = column_gradient.reshape(channels, size, size, down, across, rows)
        backward.append(partial(np.dot, parameters.weights[:-1], flat_delta, column_gradient))
        backward.append(partial(image_gradient.fill, 0))
        for place in window_places:
            pixels = place.of_image(image_gradient)
            met = place.of_windows(window_gradient[:, place.row, place.column])
            backward.append(partial(np.add, pixels, met, pixels))
    return PreparedLayer(output, tuple(forward), tuple(backward))
