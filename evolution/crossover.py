"""Recombination of two networks, aligned by relative depth.

Layers play a role by where they stand: near the input, in the middle, near the output. So the child takes its depth
from one parent, and each of its layers takes its width from the layer of either parent that stands at the same
relative depth. Cutting both parents at unrelated places would give children that resemble neither.
"""

import numpy as np

from core.architecture import Architecture
from evolution.space import SearchSpace


def aligned_crossover(
    mother: Architecture, father: Architecture, space: SearchSpace, *, rng: np.random.Generator
) -> Architecture:
    """Return a child: depth and activation from one parent each, every width from either.

    max_parameters is the caller's to check.
    """
    parents = (mother, father)
    depth = parents[int(rng.integers(2))].depth
    donors = [parent for parent in parents if parent.layers]
    if depth == 0 or not donors:
        return space.build(space.activations[0], ())
    activation = donors[int(rng.integers(len(donors)))].activations[0]
    widths = []
    for place in range(depth):
        donor = donors[int(rng.integers(len(donors)))]
        widths.append(donor.widths[_aligned(place, depth, donor.depth)])
    return space.build(activation, tuple(widths))


def _aligned(place: int, depth: int, other_depth: int) -> int:
    """Return the place among `other_depth` layers at the same relative depth as `place` among `depth`."""
    if depth == 1:
        return (other_depth - 1) // 2
    # Whole numbers, rounded half up: no float may decide which layer is meant.
    return (2 * place * (other_depth - 1) + depth - 1) // (2 * (depth - 1))
