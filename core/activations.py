"""Activation functions, forward and backward side by side.

Each function here prepares the calls for one hidden layer and one batch size. Arrays are class-major: (units, rows).
Forward turns `pre` (what the matrix product writes) into `output`; backward turns `gradient` from dLoss/doutput into
dLoss/dpre, in place, and may overwrite the output, which nothing reads after it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import numpy as np

from core.architecture import ActivationName
from core.arrays import Array, Call, constant
from core.backend import ArrayModule


@dataclass(frozen=True, slots=True, eq=False)
class ActivationCalls:
    """Where the layer's matrix product goes, and the calls that follow it in both directions."""

    pre: Array
    forward: tuple[Call, ...]
    backward: tuple[Call, ...]


def activation_calls(name: ActivationName, output: Array, gradient: Array, xp: ArrayModule = np) -> ActivationCalls:
    """Prepare one layer's activation; `output` and `gradient` have shape (units, rows), in a stack (members, ...)."""
    return _builder(name)(output, gradient, xp)


def _builder(name: ActivationName) -> Callable[[Array, Array, ArrayModule], ActivationCalls]:
    match name:
        case "relu":
            return _relu
        case "tanh":
            return _tanh
        case "sigmoid":
            return _sigmoid
        case "gelu":
            return _gelu
        case _:
            assert_never(name)


def _relu(output: Array, gradient: Array, xp: ArrayModule) -> ActivationCalls:
    # An array of zeros, because np.maximum with a scalar takes a path that is several times slower.
    zeros = xp.zeros(output.shape, output.dtype)
    # The gradient passes where the output is positive. On the bits of an output >= 0 that mask is (-bits) >> 31: all
    # ones where any bit is set. Three integer operations run at full vector width; a multiplication with an array of
    # booleans converts each of them first, and boolean indexing is slower still. A NaN is not lost in this: forward is
    # np.maximum, which hands it on to the logits. The output is read for the last time here, and becomes the mask.
    integer = np.dtype(f"i{output.itemsize}")
    bits, gradient_bits = output.view(integer), gradient.view(integer)
    sign_bit = xp.array(8 * output.itemsize - 1, integer)
    return ActivationCalls(
        pre=output,
        forward=(partial(xp.maximum, output, zeros, out=output),),
        backward=(
            partial(xp.negative, bits, bits),
            partial(xp.right_shift, bits, sign_bit, bits),
            partial(xp.bitwise_and, gradient_bits, bits, gradient_bits),
        ),
    )


def _tanh(output: Array, gradient: Array, xp: ArrayModule) -> ActivationCalls:
    one = constant(1, output.dtype, xp)
    return ActivationCalls(
        pre=output,
        forward=(partial(xp.tanh, output, output),),
        # dtanh = 1 - tanh^2; the output is read for the last time here.
        backward=(
            partial(xp.multiply, output, output, output),
            partial(xp.subtract, one, output, output),
            partial(xp.multiply, gradient, output, gradient),
        ),
    )


def _sigmoid(output: Array, gradient: Array, xp: ArrayModule) -> ActivationCalls:
    one = constant(1, output.dtype, xp)
    slope = xp.empty_like(output)
    return ActivationCalls(
        pre=output,
        # 1 / (1 + exp(-z)); exp may overflow to infinity, whose reciprocal is the right answer: 0.
        forward=(
            partial(xp.negative, output, output),
            partial(xp.exp, output, output),
            partial(xp.add, output, one, output),
            partial(xp.reciprocal, output, output),
        ),
        # dsigmoid = sigmoid (1 - sigmoid)
        backward=(
            partial(xp.subtract, one, output, slope),
            partial(xp.multiply, slope, output, slope),
            partial(xp.multiply, gradient, slope, gradient),
        ),
    )


def _gelu(output: Array, gradient: Array, xp: ArrayModule) -> ActivationCalls:
    """The tanh form (Hendrycks and Gimpel 2016, section 2), because NumPy has no error function.

    gelu(z) = z/2 (1 + tanh(u)) = z s with s = sigmoid(2u), 2u = k z + 3c z^3, k = sqrt(8/pi), 3c = 0.044715 k;
    dgelu = s + z s (1 - s) d(2u)/dz = s + gelu(z) (1 - s) (k + 3 * 0.044715 k z^2).
    """
    dtype = output.dtype
    k = math.sqrt(8 / math.pi)
    one, linear, slope_linear = constant(1, dtype, xp), constant(-k, dtype, xp), constant(k, dtype, xp)
    cubic, slope_cubic = constant(-0.044715 * k, dtype, xp), constant(3 * 0.044715 * k, dtype, xp)
    pre, sigmoid, slope = xp.empty_like(output), xp.empty_like(output), xp.empty_like(output)
    return ActivationCalls(
        pre=pre,
        forward=(
            # exp(-2u), where -2u = z (-k - 0.044715 k z^2)
            partial(xp.multiply, pre, pre, sigmoid),
            partial(xp.multiply, sigmoid, cubic, sigmoid),
            partial(xp.add, sigmoid, linear, sigmoid),
            partial(xp.multiply, sigmoid, pre, sigmoid),
            partial(xp.exp, sigmoid, sigmoid),
            partial(xp.add, sigmoid, one, sigmoid),
            partial(xp.reciprocal, sigmoid, sigmoid),
            partial(xp.multiply, pre, sigmoid, output),
        ),
        backward=(
            partial(xp.multiply, pre, pre, slope),
            partial(xp.multiply, slope, slope_cubic, slope),
            partial(xp.add, slope, slope_linear, slope),
            # `pre` was read for the last time above and serves as scratch. Its factor, 0 for large z, comes before
            # the output, so that z^3 does not overflow.
            partial(xp.subtract, one, sigmoid, pre),
            partial(xp.multiply, slope, pre, slope),
            partial(xp.multiply, slope, output, slope),
            partial(xp.add, slope, sigmoid, slope),
            partial(xp.multiply, gradient, slope, gradient),
        ),
    )
