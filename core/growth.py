"""Larger networks that compute what a trained one computes, so that training goes on from there, not from the start.

Net2Net (Chen, Goodfellow and Shlens 2016, arXiv:1511.05641). Widening copies units, and shares out what the next layer
makes of them (section 2.2, eq. 3-6). Deepening puts in a layer that is the identity (section 2.3): exact where the
activation leaves its own outputs alone, which of ours only relu does. Outputs stay equal to the rounding of float32.

Nothing in evolution does this by itself: inherited weights mislead the ranking of short trainings.
"""

from dataclasses import replace

import numpy as np

from core.architecture import Architecture
from core.arrays import Array
from core.errors import InvalidArchitecture, NotFunctionPreserving
from core.layers import (
    AveragePooling,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
    MaxPooling,
    values,
)
from core.network import Network

# Layers that treat every channel (or unit) by itself and alike, and that hand nothing below 0 on where nothing came in.
PASSING = (MaxPooling, AveragePooling, Flatten, Dropout)


def widen(network: Network, index: int, units: int, *, rng: np.random.Generator) -> Network:
    """Return a network whose dense layer or convolution layers[index] has `units` units or channels, at least as many.

    Each new unit is a copy of a random old one. Where the paper gives equal shares of the outgoing weight to all copies
    of a unit, the shares here are drawn at random and sum to 1: the function is kept as well, and copies do not stay
    copies for ever, because they get different gradients. Raises NotFunctionPreserving before a normalization, whose
    mean and variance copies would change, and InvalidArchitecture where there is nothing to widen.
    """
    architecture = network.architecture
    layer = _layer_at(architecture, index)
    if isinstance(layer, Dense):
        wider: Layer = replace(layer, units=units)
        old = layer.units
    elif isinstance(layer, Convolution):
        wider = replace(layer, channels=units)
        old = layer.channels
    else:
        raise InvalidArchitecture(f"layers[{index}] {layer.kind}: has no units to widen")
    if units < old:
        raise InvalidArchitecture(
            f"layers[{index}] {layer.kind}: has {old} units already, cannot be widened to {units}"
        )
    reader = next(
        (
            place
            for place in range(index + 1, architecture.depth)
            if not isinstance(architecture.layers[place], PASSING)
        ),
        architecture.depth,
    )
    if reader < architecture.depth and isinstance(architecture.layers[reader], LayerNormalization):
        raise NotFunctionPreserving(
            f"layers[{index}] {layer.kind}: the normalization layers[{reader}] behind it would see other means and "
            "variances"
        )
    layers = (*architecture.layers[:index], wider, *architecture.layers[index + 1 :])
    grown = _grown(network, Architecture(architecture.input_shape, layers, architecture.outputs))
    # Eq. 3: which old unit each unit of the wider layer is a copy of.
    source = np.concatenate([np.arange(old), rng.integers(0, old, units - old)])
    draws = rng.uniform(0.5, 1.5, units)
    copies, total = np.bincount(source), np.bincount(source, draws)
    share = np.where(copies[source] == 1, 1.0, draws / total[source])
    of_stage = _weights_by_stage(network)
    for place, target in _weights_by_stage(grown).items():
        weights = of_stage[place]
        if place == index:
            target[:] = weights[:, source]
        elif place == reader:
            # A unit's outgoing weights lie in one block of rows: a convolution's kernel, an image's pixels, or one row.
            blocks = weights[:-1].reshape(old, -1, weights.shape[1])
            target[:-1] = (blocks[source] * share[:, np.newaxis, np.newaxis]).reshape(target[:-1].shape)
            target[-1] = weights[-1]
        else:
            target[:] = weights
    return grown


def deepen(network: Network, index: int, *, kernel: int = 3) -> Network:
    """Return a network with one more layer behind layers[index] that hands its input on unchanged.

    Behind a vector it is a dense layer, behind an image a convolution with this odd kernel. It gets the activation that
    its input comes from, which must be relu: of values that are 0 or more relu changes none, while tanh, sigmoid and
    gelu change theirs. Anything else raises NotFunctionPreserving.
    """
    architecture = network.architecture
    layer = _layer_at(architecture, index)
    before: int = index
    while before > 0 and isinstance(architecture.layers[before], PASSING):
        before -= 1
    source = architecture.layers[before]
    if not isinstance(source, Dense | Convolution):
        raise NotFunctionPreserving(
            f"layers[{index}] {layer.kind}: a relu layer behind it would cut off values below 0, which "
            f"{'a normalization' if isinstance(source, LayerNormalization) else 'the input'} may have"
        )
    if source.activation != "relu":
        raise NotFunctionPreserving(
            f"layers[{index}] {layer.kind}: a second {source.activation} changes the values of the first, so no "
            "weights make it the identity; only relu layers can be deepened"
        )
    shape = architecture.stages[index].after
    identity: Layer
    if len(shape) == 1:
        identity = Dense(shape[0], "relu")
    else:
        if kernel % 2 == 0:
            raise InvalidArchitecture(f"kernel must be odd, so that it has a middle, got {kernel}")
        identity = Convolution(shape[0], kernel, "relu", padding=kernel // 2)
    layers = (*architecture.layers[: index + 1], identity, *architecture.layers[index + 1 :])
    grown = _grown(network, Architecture(architecture.input_shape, layers, architecture.outputs))
    of_stage = _weights_by_stage(network)
    for place, target in _weights_by_stage(grown).items():
        if place == index + 1:
            target[:] = 0
            middle = 0 if isinstance(identity, Dense) else values((kernel, kernel)) // 2
            step = 1 if isinstance(identity, Dense) else kernel * kernel
            for unit in range(shape[0]):
                target[unit * step + middle, unit] = 1
        else:
            target[:] = of_stage[place if place <= index else place - 1]
    return grown


def _layer_at(architecture: Architecture, index: int) -> Layer:
    if not 0 <= index < architecture.depth:
        raise InvalidArchitecture(f"layers[{index}]: the network has {architecture.depth} hidden layers")
    return architecture.layers[index]


def _grown(network: Network, architecture: Architecture) -> Network:
    return Network(
        architecture,
        task=network.task,
        standardization=network.standardization,
        target_standardization=network.target_standardization,
    )


def _weights_by_stage(network: Network) -> dict[int, Array]:
    """Return the weights of each layer that has some, by its position; the output layer's is the depth."""
    with_weights = [place for place, stage in enumerate(network.architecture.stages) if stage.weight_shape is not None]
    return dict(zip(with_weights, network.weights, strict=True))
