"""What a surrogate model sees of a network: one row of numbers, comparable between columns.

A Gaussian process judges by distance, so the columns must put networks side by side that train alike. Widths count on
a logarithmic scale (from 8 to 16 units is as far as from 128 to 256), once aligned from the front and once from the
back, because a layer plays its role by its distance from the input and from the output. The columns fall into groups,
each with a length scale of its own: activation, depth, and the rest.

Every column is standardized over the space, with mean and deviation of a fixed sample of it: the rows are a pure
function of the space and the network, never of what a search has seen so far.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.errors import InvalidSpace
from evolution.rng import Purpose, stream
from evolution.space import SearchSpace

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]

SAMPLE_SIZE = 512
"""Networks that set the mean and the deviation of the columns: both are then known to a few percent."""

ACTIVATION, DEPTH, REST = range(3)


class FeatureMap:
    """The columns of one space, `names` in order; `groups` are their indices by activation, depth and rest."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        columns = _columns(space)
        self.names: tuple[str, ...] = tuple(name for name, _ in columns)
        self.groups: tuple[IndexArray, ...] = tuple(
            np.array([index for index, (_, member) in enumerate(columns) if member == group], dtype=np.intp)
            for group in (ACTIVATION, DEPTH, REST)
        )
        self._mean, self._scale = _standard(space)

    def matrix(self, items: Sequence[tuple[Architecture, TrainingConfig]]) -> FloatArray:
        """Return one row per network, float64 (len(items), features); raises InvalidSpace for one too deep for it."""
        raw = _raw(self.space, [architecture for architecture, _ in items])
        return (raw - self._mean) / self._scale


def _columns(space: SearchSpace) -> list[tuple[str, int]]:
    """List the name and the group of each column."""
    return [
        *((f"is {name}", ACTIVATION) for name in space.activations),
        ("depth", DEPTH),
        *((f"log2 units of layer {place} from the front", REST) for place in range(1, space.max_layers + 1)),
        *((f"log2 units of layer {place} from the back", REST) for place in range(1, space.max_layers + 1)),
        ("smallest log2 units", REST),
        ("largest log2 units", REST),
        ("mean log2 units", REST),
        ("log2 parameters", REST),
    ]


def _raw(space: SearchSpace, architectures: Sequence[Architecture]) -> FloatArray:
    rows = [_row(space, architecture) for architecture in architectures]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(_columns(space)))


def _row(space: SearchSpace, architecture: Architecture) -> list[float]:
    # math.log2 and not NumPy's, whose last bit depends on the processor.
    logs = [math.log2(units) for units in architecture.widths]
    if len(logs) > space.max_layers:
        raise InvalidSpace(f"{architecture.describe()} is deeper than max_layers={space.max_layers}")
    return [
        *_one_hot(space, architecture),
        float(len(logs)),
        *_padded(logs, space.max_layers),
        *_padded(logs[::-1], space.max_layers),
        min(logs, default=0.0),
        max(logs, default=0.0),
        sum(logs) / max(1, len(logs)),
        math.log2(architecture.parameter_count),
    ]


def _one_hot(space: SearchSpace, architecture: Architecture) -> list[float]:
    # Without a layer there is nothing to activate: equally far from every activation.
    if not architecture.layers:
        return [1 / len(space.activations)] * len(space.activations)
    return [float(name == architecture.activations[0]) for name in space.activations]


def _padded(values: Sequence[float], length: int) -> list[float]:
    return [*values, *[0.0] * (length - len(values))]


@lru_cache(maxsize=16)
def _standard(space: SearchSpace) -> tuple[FloatArray, FloatArray]:
    """Return mean and deviation of each column over a sample of the space; a constant column gets deviation 1."""
    rng = stream(0, Purpose.FEATURES, 0)
    raw = _raw(space, [space.sample(rng) for _ in range(SAMPLE_SIZE)])
    mean, scale = raw.mean(axis=0), raw.std(axis=0)
    # Rounding leaves a constant column a deviation of the order of the last bit.
    scale[scale <= 1e-9 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean, scale
