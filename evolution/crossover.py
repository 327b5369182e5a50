"""Recombination of two networks, aligned by relative depth.

Layers play a role by where they stand: near the input, in the middle, near the output. So the child takes its depth
from one parent, and each of its layers takes its width from the layer of either parent that stands at the same
relative depth; convolution blocks likewise. Cutting both parents at unrelated places would give children that resemble
neither.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.genome import Genome
from evolution.recipe import apply_recipe, recipe_of
from evolution.space import SearchSpace

Gene = TypeVar("Gene")


def aligned_crossover(
    mother: Architecture, father: Architecture, space: SearchSpace, *, rng: np.random.Generator
) -> Architecture:
    """Return a child: depth, number of blocks, activation and dropout from one parent each, the rest from either.

    The limits on parameters and on the cost of inference are the caller's to check.
    """
    parents = (space.genome_of(mother), space.genome_of(father))
    depth = len(_either(parents, rng).widths)
    with_blocks = [parent for parent in parents if parent.blocks]
    # Nothing is drawn for genes that neither parent has.
    count = len(_either(parents, rng).blocks) if with_blocks else 0
    if depth + count == 0:
        return space.build(Genome(space.activations[0]))
    activation = _either([parent for parent in parents if parent.widths or parent.blocks], rng).activation
    with_widths = [parent for parent in parents if parent.widths]
    widths = _interleaved([parent.widths for parent in with_widths], depth, rng)
    blocks = _interleaved([parent.blocks for parent in with_blocks], count, rng)
    rates = sorted({parent.dropout for parent in with_widths}) or [0.0]
    return space.build(Genome(activation, widths, blocks, _either(rates, rng)))


def recipe_crossover(
    mother: TrainingConfig, father: TrainingConfig, space: SearchSpace, *, rng: np.random.Generator
) -> TrainingConfig:
    """Return the mother's training with every gene of its recipe from either; unchanged where none is searched."""
    if space.recipe is None:
        return mother
    return apply_recipe(mother, space.recipe.cross(recipe_of(mother), recipe_of(father), rng))


def _either(choices: Sequence[Gene], rng: np.random.Generator) -> Gene:
    return choices[int(rng.integers(len(choices)))]


def _interleaved(donors: Sequence[Sequence[Gene]], length: int, rng: np.random.Generator) -> tuple[Gene, ...]:
    """Return `length` genes, each from the same relative depth of a donor drawn for it."""
    genes = []
    for place in range(length):
        donor = _either(donors, rng)
        genes.append(donor[_aligned(place, length, len(donor))])
    return tuple(genes)


def _aligned(place: int, depth: int, other_depth: int) -> int:
    """Return the place among `other_depth` layers at the same relative depth as `place` among `depth`."""
    if depth == 1:
        return (other_depth - 1) // 2
    # Whole numbers, rounded half up: no float may decide which layer is meant.
    return (2 * place * (other_depth - 1) + depth - 1) // (2 * (depth - 1))
