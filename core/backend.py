"""Where a stack's arrays live: in the processor's memory (NumPy) or in a graphics card's (CuPy).

A backend is an array module, `numpy` or `cupy`, handed to whatever makes arrays; the code that computes is the same.
Both modules bind calls to arrays alike; what they do differently stands here. CuPy is looked for when it is asked for,
and never needed.
"""

import importlib
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from core.arrays import Array, Call
from core.errors import BackendUnavailable

BackendName = Literal["numpy", "cupy"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)

# CuPy ships no types, and a module is no protocol that mypy could check.
ArrayModule: TypeAlias = Any


def array_module(name: BackendName) -> ArrayModule:
    """Return the module that makes this backend's arrays; raises BackendUnavailable, saying what is missing."""
    if name == "numpy":
        return np
    if name != "cupy":
        raise BackendUnavailable(f"unknown backend {name!r}; known are {', '.join(BACKENDS)}"[:300])
    try:
        module = importlib.import_module("cupy")
        devices = module.cuda.runtime.getDeviceCount()
    except ImportError as error:
        raise BackendUnavailable("the backend cupy needs the package cupy, which is not installed") from error
    except Exception as error:
        # What CuPy raises without a driver is a class of its own, which could only be named by importing it.
        raise BackendUnavailable(f"the backend cupy finds no graphics card: {error}"[:300]) from error
    if devices == 0:
        raise BackendUnavailable("the backend cupy finds no graphics card")
    return module


def to_host(array: Array, xp: ArrayModule) -> Array:
    """Return `array` as NumPy's; no copy when it is."""
    return array if xp is np else np.asarray(xp.asnumpy(array))


def gather_call(source: Array, places: Array, out: Array, xp: ArrayModule) -> Call:
    """Return a call that puts the rows of `source` at `places` (integers of any shape) into `out`."""
    if xp is np:
        # mode="clip" is twice as fast as the default, which buffers its output; CuPy has no such choice.
        return partial(source.take, places, 0, out, "clip")
    return partial(source.take, places, axis=0, out=out)
