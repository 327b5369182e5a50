"""Arrays and prepared calls of the fast path."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

# The fast path is written once for float32 and, so that finite differences can check it, float64.
Array: TypeAlias = npt.NDArray[Any]
# One NumPy operation with its arrays bound. Calling a list of them is the cheapest step that is still plain NumPy:
# no attribute lookups, no slicing, no new arrays. Products of small matrices bind the array's own method `dot`, which
# spares each call 0.1 us of looking for other kinds of array.
Call: TypeAlias = Callable[[], object]

ALIGNMENT = 64


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike, xp: Any = np) -> Array:
    """Return zeros that start on a cache line, so that speed (and BLAS's choice of path) is the same on every run.

    `xp` is the array module (see `core.backend`); others than NumPy align their arrays themselves.
    """
    if xp is not np:
        return cast("Array", xp.zeros(shape, dtype))
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def constant(value: float, dtype: npt.DTypeLike, xp: Any = np) -> Array:
    """Return a 0-d array: ufuncs take it faster than a Python float, and it never changes the result's type."""
    return cast("Array", xp.array(value, dtype))
