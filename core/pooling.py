"""Max and average pooling, forward and backward, with one call per place within the window."""

from functools import partial

import numpy as np

from core.arrays import Call, aligned, constant
from core.layers import AveragePooling, MaxPooling, window_counts
from core.prepared_layer import PreparedLayer, Signal
from core.windows import places


def prepare_max_pooling(layer: MaxPooling, inputs: Signal) -> PreparedLayer:
    """Prepare output = the largest value of every window; of equal ones the first (row by row) gets the gradient."""
    output = inputs.next(layer.output_shape(inputs.shape), with_gradient=inputs.gradient is not None)
    found = output.image
    cuts = [(place.of_image(inputs.image), place) for place in places(inputs.shape, layer.size, layer.stride)]
    forward: list[Call] = [partial(np.copyto, found, cuts[0][0])]
    forward.extend(partial(np.maximum, found, pixels, out=found) for pixels, _ in cuts[1:])
    gradient, passed_on = output.image_gradient, inputs.image_gradient
    if gradient is None or passed_on is None:
        return PreparedLayer(output, tuple(forward))

    is_largest = np.empty(found.shape, np.bool_)
    apart, covered = _apart(layer, inputs), _covered(layer, inputs)
    part = aligned(found.shape, found.dtype)
    backward: list[Call] = [] if apart and covered else [partial(passed_on.fill, 0)]
    for number, (pixels, place) in enumerate(cuts):
        target = place.of_image(passed_on)
        # Windows that share no pixels write what they hand back; others add.
        handed = target if apart else part
        backward.append(partial(np.equal, pixels, found, is_largest))
        backward.append(partial(np.multiply, gradient, is_largest, handed))
        if not apart:
            backward.append(partial(np.add, target, part, target))
        if number < len(cuts) - 1:
            # What the first of equals got is gone for the others.
            backward.append(partial(np.subtract, gradient, handed, gradient))
    return PreparedLayer(output, tuple(forward), tuple(backward))


def prepare_average_pooling(layer: AveragePooling, inputs: Signal) -> PreparedLayer:
    """Prepare output = the mean of every window."""
    output = inputs.next(layer.output_shape(inputs.shape), with_gradient=inputs.gradient is not None)
    mean = output.image
    share = constant(1 / layer.size**2, mean.dtype)
    window_places = places(inputs.shape, layer.size, layer.stride)
    cuts = [place.of_image(inputs.image) for place in window_places]
    forward: list[Call] = [partial(np.copyto, mean, cuts[0])]
    forward.extend(partial(np.add, mean, pixels, mean) for pixels in cuts[1:])
    forward.append(partial(np.multiply, mean, share, mean))
    gradient, passed_on = output.image_gradient, inputs.image_gradient
    if gradient is None or passed_on is None:
        return PreparedLayer(output, tuple(forward))

    apart, covered = _apart(layer, inputs), _covered(layer, inputs)
    backward: list[Call] = [partial(np.multiply, gradient, share, gradient)]
    if not (apart and covered):
        backward.append(partial(passed_on.fill, 0))
    for place in window_places:
        target = place.of_image(passed_on)
        backward.append(partial(np.copyto, target, gradient) if apart else partial(np.add, target, gradient, target))
    return PreparedLayer(output, tuple(forward), tuple(backward))


def _apart(layer: MaxPooling | AveragePooling, inputs: Signal) -> bool:
    """Say whether no two windows share a pixel."""
    return layer.stride >= layer.size or max(window_counts(inputs.shape, layer.size, layer.stride)) == 1


def _covered(layer: MaxPooling | AveragePooling, inputs: Signal) -> bool:
    """Say whether every pixel lies in a window."""
    counts = window_counts(inputs.shape, layer.size, layer.stride)
    reach = [(count - 1) * layer.stride + layer.size for count in counts]
    return layer.stride <= layer.size and tuple(reach) == inputs.shape[1:]
