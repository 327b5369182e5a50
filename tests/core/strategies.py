"""Random architectures of every kind of layer, small enough to try many of them."""

from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, Architecture
from core.layers import (
    AveragePooling,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
    MaxPooling,
    Shape,
    values,
)

activations = st.sampled_from(ACTIVATIONS)


@st.composite
def image_layers(draw: st.DrawFn, shape: Shape) -> Layer:
    """A layer that takes images of this shape."""
    smallest = min(shape[1:])
    kind = draw(st.sampled_from(["convolution", "max", "average", "normalization", "dropout"]))
    if kind == "convolution":
        kernel = draw(st.integers(1, 4))
        padding = draw(st.integers(max(0, (kernel - smallest + 1) // 2), kernel - 1)) if kernel > 1 else 0
        return Convolution(draw(st.integers(1, 4)), kernel, draw(activations), draw(st.integers(1, 3)), padding)
    if kind in ("max", "average"):
        size = draw(st.integers(1, min(3, smallest)))
        return (MaxPooling if kind == "max" else AveragePooling)(size, draw(st.integers(1, 3)))
    return LayerNormalization() if kind == "normalization" and values(shape) > 1 else Dropout(0.25)


@st.composite
def architectures(
    draw: st.DrawFn, *, dropout: bool = True, outputs: st.SearchStrategy[int] | None = None
) -> Architecture:
    """An image network (convolutions, pooling, then dense layers) or a network on vectors."""
    layers: list[Layer] = []
    entry: tuple[int, ...]
    if draw(st.booleans()):
        height, width = draw(st.integers(3, 8)), draw(st.integers(3, 8))
        entry = draw(st.sampled_from([(height, width), (2, height, width)]))
        layers.append(Convolution(draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(activations)))
        shape = layers[0].output_shape((1, *entry)[-3:])
        for _ in range(draw(st.integers(0, 3))):
            layers.append(draw(image_layers(shape)))
            shape = layers[-1].output_shape(shape)
        layers.append(Flatten())
        shape = (values(shape),)
    else:
        entry = shape = (draw(st.integers(2, 9)),)
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["dense", "dense", "normalization", "dropout"]))
        if kind == "normalization" and values(shape) > 1:
            layers.append(LayerNormalization())
        elif kind == "dropout":
            layers.append(Dropout(draw(st.floats(0.01, 0.9))))
        else:
            layers.append(Dense(draw(st.integers(1, 9)), draw(activations)))
            shape = layers[-1].output_shape(shape)
    kept = tuple(layer for layer in layers if dropout or not isinstance(layer, Dropout))
    return Architecture(entry, kept, draw(outputs or st.integers(1, 5)))
