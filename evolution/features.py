"""What a surrogate model sees of a network and its training: one row of numbers, comparable between columns.

A Gaussian process judges by distance, so the columns must put networks side by side that train alike. Widths count on
a logarithmic scale (from 8 to 16 units is as far as from 128 to 256), once aligned from the front and once from the
back, because a layer plays its role by its distance from the input and from the output; channels of convolution blocks
likewise. What a space does not vary has no column.

The columns fall into groups, each with a length scale of its own: activation, depth, which width stands at which place,
the size of the whole, and, where it is searched, the recipe. Place and size are apart because often the size alone
matters, and a surrogate that can tell so from twenty networks orders the others better (on a table of digits, rank
correlation 0.73 instead of 0.66 after 20 trainings and 0.80 instead of 0.73 after 40).

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
from evolution.genome import Genome
from evolution.recipe import Recipe, RecipeSpace, recipe_of
from evolution.rng import Purpose, stream
from evolution.space import SearchSpace

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]
Item = tuple[Architecture, TrainingConfig]

SAMPLE_SIZE = 512
"""Networks that set the mean and the deviation of the columns: both are then known to a few percent."""

ACTIVATION, DEPTH, PLACE, SIZE, RECIPE = range(5)


class FeatureMap:
    """The columns of one space, `names` in order; `groups` are their indices.

    The groups are activation, depth, place, size and, where the space searches recipes, recipe.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        columns = _columns(space)
        self.names: tuple[str, ...] = tuple(name for name, _ in columns)
        self.groups: tuple[IndexArray, ...] = tuple(
            np.array([index for index, (_, member) in enumerate(columns) if member == group], dtype=np.intp)
            for group in (ACTIVATION, DEPTH, PLACE, SIZE, RECIPE)[: 4 if space.recipe is None else 5]
        )
        self._mean, self._scale = _standard(space)

    def matrix(self, items: Sequence[Item]) -> FloatArray:
        """Return one row per network and training, float64 (len(items), features).

        Raises InvalidGenome for a network that no search builds, InvalidSpace for one too deep for the space.
        """
        return (_raw(self.space, items) - self._mean) / self._scale


def _columns(space: SearchSpace) -> list[tuple[str, int]]:
    """List the name and the group of each column."""
    columns = [
        *((f"is {name}", ACTIVATION) for name in space.activations),
        ("depth", DEPTH),
        *((name, PLACE) for name in _aligned_names("units of layer", space.max_layers)),
        *((f"{which} log2 units", SIZE) for which in ("smallest", "largest", "mean")),
        ("log2 parameters", SIZE),
    ]
    if space.max_blocks:
        columns.append(("blocks", DEPTH))
        columns += [(name, PLACE) for name in _aligned_names("channels of block", space.max_blocks)]
        columns += [(f"{which} log2 channels", SIZE) for which in ("smallest", "largest", "mean")]
        if len(space.kernels) > 1:
            columns += [(name, PLACE) for name in _aligned_names("kernel of block", space.max_blocks)]
    if len(space.dropout) > 1:
        columns.append(("dropout", SIZE))
    if space.recipe is not None:
        names = ["log2 learning rate", "log2 batch size", "log2 weight decay"]
        columns += [(name, RECIPE) for name in (*names, *(f"is {name}" for name in space.recipe.optimizers))]
    return columns


def _aligned_names(what: str, places: int) -> list[str]:
    return [f"log2 {what} {place} from the {end}" for end in ("front", "back") for place in range(1, places + 1)]


def _raw(space: SearchSpace, items: Sequence[Item]) -> FloatArray:
    rows = [_row(space, architecture, training) for architecture, training in items]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(_columns(space)))


def _row(space: SearchSpace, architecture: Architecture, training: TrainingConfig) -> list[float]:
    """Return the values in the order of `_columns`."""
    genome = space.genome_of(architecture)
    if len(genome.widths) > space.max_layers or len(genome.blocks) > space.max_blocks:
        raise InvalidSpace(
            f"{architecture.describe()} is deeper than max_layers={space.max_layers} or max_blocks={space.max_blocks}"
        )
    row = [
        *_one_hot(space, genome),
        float(len(genome.widths)),
        *_sizes(genome.widths, space.max_layers),
        math.log2(architecture.parameter_count),
    ]
    if space.max_blocks:
        row.append(float(len(genome.blocks)))
        row += _sizes([block.channels for block in genome.blocks], space.max_blocks)
        if len(space.kernels) > 1:
            row += _aligned([math.log2(block.kernel) for block in genome.blocks], space.max_blocks)
    if len(space.dropout) > 1:
        row.append(genome.dropout)
    if space.recipe is not None:
        row += _recipe(space.recipe, recipe_of(training))
    return row


def _one_hot(space: SearchSpace, genome: Genome) -> list[float]:
    # Without a layer there is nothing to activate: equally far from every activation.
    if not genome.widths and not genome.blocks:
        return [1 / len(space.activations)] * len(space.activations)
    return [float(name == genome.activation) for name in space.activations]


def _sizes(sizes: Sequence[int], places: int) -> list[float]:
    """Return the logarithms from the front, from the back, and the smallest, the largest and the mean one."""
    # math.log2 and not NumPy's, whose last bit depends on the processor.
    logs = [math.log2(size) for size in sizes]
    mean = sum(logs) / max(1, len(logs))
    return [*_aligned(logs, places), min(logs, default=0.0), max(logs, default=0.0), mean]


def _aligned(values: Sequence[float], places: int) -> list[float]:
    absent = [0.0] * (places - len(values))
    return [*values, *absent, *reversed(values), *absent]


def _recipe(space: RecipeSpace, recipe: Recipe) -> list[float]:
    # No decay at all counts as half of the smallest one that the space knows.
    least = min((decay for decay in space.weight_decays if decay > 0), default=1.0) / 2
    return [
        math.log2(recipe.learning_rate),
        math.log2(recipe.batch_size),
        math.log2(max(recipe.weight_decay, least)),
        *(float(name == recipe.optimizer) for name in space.optimizers),
    ]


@lru_cache(maxsize=16)
def _standard(space: SearchSpace) -> tuple[FloatArray, FloatArray]:
    """Return mean and deviation of each column over a sample of the space; a constant column gets deviation 1."""
    rng, training = stream(0, Purpose.FEATURES, 0), TrainingConfig()
    raw = _raw(space, [(space.sample(rng), space.sample_training(training, rng)) for _ in range(SAMPLE_SIZE)])
    mean, scale = raw.mean(axis=0), raw.std(axis=0)
    # Rounding leaves a constant column a deviation of the order of the last bit.
    scale[scale <= 1e-9 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean, scale
