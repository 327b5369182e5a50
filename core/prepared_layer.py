"""What a layer of any kind is once it was prepared for a number of rows: arrays, and calls bound to them.

Arrays are class-major as in `core.forward`: a vector layer's values are (units, rows), an image's (channels, height,
width, rows), whose flat form (channels * height * width, rows) is the same memory. So flattening costs nothing, and the
innermost runs that a convolution gathers are whole rows of the image times all rows of the batch.
"""

from dataclasses import dataclass

import numpy.typing as npt

from core.arrays import Array, Call, aligned
from core.layers import Shape, values


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What passes between two layers: values forward, and the gradient of the loss with respect to them backward.

    `with_ones` is (values + 1, rows); its last row of ones multiplies a dense layer's biases. `gradient` is
    (values, rows), and None where nothing before has parameters or nothing is trained.
    """

    shape: Shape
    with_ones: Array
    gradient: Array | None

    @property
    def values(self) -> Array:
        """The values as (values, rows)."""
        return self.with_ones[:-1]

    @property
    def rows(self) -> int:
        """Rows of the batch."""
        return int(self.with_ones.shape[1])

    @property
    def image(self) -> Array:
        """The values as (channels, height, width, rows)."""
        return self.values.reshape(*self.shape, self.rows)

    @property
    def image_gradient(self) -> Array | None:
        """The gradient as (channels, height, width, rows)."""
        return None if self.gradient is None else self.gradient.reshape(*self.shape, self.rows)

    def next(self, shape: Shape, *, with_gradient: bool) -> "Signal":
        """Return a new signal of another shape for the same rows."""
        return new_signal(shape, self.rows, self.with_ones.dtype, with_gradient=with_gradient)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedLayer:
    """A layer's output and its calls: forward fills the output's values.

    Backward reads the output's gradient (which it may overwrite), fills the gradient of the layer's weights and, where
    there is one, the gradient of its input.
    """

    output: Signal
    forward: tuple[Call, ...] = ()
    backward: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A layer's weights, the bias last, and the array of the same shape that gets their gradient when training."""

    weights: Array
    gradient: Array | None


def new_signal(shape: Shape, rows: int, dtype: npt.DTypeLike, *, with_gradient: bool) -> Signal:
    """Return a signal of zeros with its row of ones."""
    count = values(shape)
    with_ones = aligned((count + 1, rows), dtype)
    with_ones[count] = 1
    gradient = aligned((count, rows), dtype) if with_gradient else None
    return Signal(shape, with_ones, gradient)
