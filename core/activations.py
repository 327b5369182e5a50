"""Activation functions, forward and backward side by side.

Each function here prepares the calls for one hidden layer and one batch size. Arrays are class-major: (units, rows).
Forward turns `pre` (what the matrix product writes) into `output`; backward turns `gradient` from dLoss/doutput into
dLoss/dpre, in place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import numpy as np

from core.architecture import ActivationName
from core.arrays import Array, Call, constant


@dataclass(frozen=True, slots=True, eq=False)
class ActivationCalls:
    """Where the layer's matrix product goes, and the calls that follow it in both directions."""

    pre: Array
    forward: tuple[Call, ...]
    backward: tuple[Call, ...]


def activation_calls(name: ActivationName, output: Array, gradient: Array) -> ActivationCalls:
    """Prepare one layer's activation; `output` and `gradient` have shape (units, rows)."""
    return _builder(name)(output, gradient)


def _builder(name: ActivationName) -> Callable[[Array, Array], ActivationCalls]:
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


def _relu(output: Array, gradient: Array) -> ActivationCalls:
    # An array of zeros, because np.maximum with a scalar takes a path that is several times slower.
    zeros = np.zeros_like(output)
    # The gradient passes where the output is positive. On the bits of an output >= 0 that mask is (-bits) >> 31: all
    # ones where any bit is set. Three integer operations run at full vector width; a multiplication with an array of
    # booleans converts each of them first, and boolean indexing is slower still. A NaN is not lost in this: forward is
    # np.maximum, which hands it on to the logits.
    integer = np.dtype(f"i{output.itemsize}")
    bits, gradient_bits, mask = output.view(integer), gradient.view(integer), np.empty(output.shape, integer)
    sign_bit = np.array(8 * output.itemsize - 1, integer)
    return ActivationCalls(
        pre=output,
        forward=(partial(np.maximum, output, zeros, out=output),),
        backward=(
            partial(np.negative, bits, mask),
            partial(np.right_shift, mask, sign_bit, mask),
            partial(np.bitwise_and, gradient_bits, mask, gradient_bits),
        ),
    )


def _tanh(output: Array, gradient: Array) -> ActivationCalls:
    one = constant(1, output.dtype)
    slope = np.empty_like(output)
    return ActivationCalls(
        pre=output,
        forward=(partial(np.tanh, output, output),),
        # dtanh = 1 - tanh^2
        backward=(
            partial(np.multiply, output, output, slope),
            partial(np.subtract, one, slope, slope),
            partial(np.multiply, gradient, slope, gradient),
        ),
    )


def _sigmoid(output: Array, gradient: Array) -> ActivationCalls:
    one = constant(1, output.dtype)
    slope = np.empty_like(output)
    return ActivationCalls(
        pre=output,
        # 1 / (1 + exp(-z)); exp may overflow to infinity, whose reciprocal is the right answer: 0.
        forward=(
            partial(np.negative, output, output),
            partial(np.exp, output, output),
            partial(np.add, output, one, output),
            partial(np.reciprocal, output, output),
        ),
        # dsigmoid = sigmoid (1 - sigmoid)
        backward=(
            partial(np.subtract, one, output, slope),
            partial(np.multiply, slope, output, slope),
            partial(np.multiply, gradient, slope, gradient),
        ),
    )


def _gelu(output: Array, gradient: Array) -> ActivationCalls:
    """The tanh form (Hendrycks and Gimpel 2016, section 2), because NumPy has no error function.

    gelu(z) = z/2 (1 + tanh(u)) = z s with s = sigmoid(2u), 2u = k z + 3c z^3, k = sqrt(8/pi), 3c = 0.044715 k;
    dgelu = s + z s (1 - s) d(2u)/dz = s + gelu(z) (1 - s) (k + 3 * 0.044715 k z^2).
    """
    dtype = output.dtype
    k = math.sqrt(8 / math.pi)
    one, linear, slope_linear = constant(1, dtype), constant(-k, dtype), constant(k, dtype)
    cubic, slope_cubic = constant(-0.044715 * k, dtype), constant(3 * 0.044715 * k, dtype)
    pre, sigmoid, slope = np.empty_like(output), np.empty_like(output), np.empty_like(output)
    return ActivationCalls(
        pre=pre,
        forward=(
            # exp(-2u), where -2u = z (-k - 0.044715 k z^2)
            partial(np.multiply, pre, pre, sigmoid),
            partial(np.multiply, sigmoid, cubic, sigmoid),
            partial(np.add, sigmoid, linear, sigmoid),
            partial(np.multiply, sigmoid, pre, sigmoid),
            partial(np.exp, sigmoid, sigmoid),
            partial(np.add, sigmoid, one, sigmoid),
            partial(np.reciprocal, sigmoid, sigmoid),
            partial(np.multiply, pre, sigmoid, output),
        ),
        backward=(
            partial(np.multiply, pre, pre, slope),
            partial(np.multiply, slope, slope_cubic, slope),
            partial(np.add, slope, slope_linear, slope),
            # `pre` was read for the last time above and serves as scratch. Its factor, 0 for large z, comes before
            # the output, so that z^3 does not overflow.
            partial(np.subtract, one, sigmoid, pre),
            partial(np.multiply, slope, pre, slope),
            partial(np.multiply, slope, output, slope),
            partial(np.add, slope, sigmoid, slope),
            partial(np.multiply, gradient, slope, gradient),
        ),
    )
