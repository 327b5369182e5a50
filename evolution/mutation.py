"""Small changes to a network's structure, as pure functions.

Each takes an architecture of the space's form, the space and a generator, and returns an architecture within the
space's bounds; the limits on parameters and on the cost of inference are the caller's to check (`SearchSpace.fit`
repairs). Where a change does not apply (nothing to remove, already as wide as allowed) the architecture comes back
unchanged, so that the caller can draw another one.

The set follows the operators of evolutionary architecture search (Real et al., "Large-Scale Evolution of Image
Classifiers", ICML 2017, section 3.2), without the inheritance of weights, which misleads the ranking of short
trainings. `mutations(space)` lists those that a search over this space needs; `mutate_recipe` changes the training.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.genome import Block, Genome
from evolution.recipe import apply_recipe, recipe_of
from evolution.space import SearchSpace

GROWTH_FACTORS = (1.25, 2.0, 4.0)
GROWTH_CHANCES = (0.25, 0.5, 0.25)


class Mutation(Protocol):
    """A change of structure: the same architecture, space and generator state give the same result."""

    def __call__(self, architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
        """Return the changed architecture, or the same one where the change does not apply."""
        ...


def insert(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Insert a dense layer at any place, as wide as one of its neighbors (any width where it has none)."""
    genome = space.genome_of(architecture)
    widths = genome.widths
    if len(widths) >= space.max_layers:
        return architecture
    place = int(rng.integers(len(widths) + 1))
    neighbors = widths[max(place - 1, 0) : place + 1]
    units = neighbors[int(rng.integers(len(neighbors)))] if neighbors else space.sample_units(rng)
    genome = _expressed(genome, space, rng)
    if not widths:
        genome = replace(genome, dropout=space.sample_dropout(rng))
    return space.build(replace(genome, widths=(*widths[:place], units, *widths[place:])))


def remove(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Remove one dense layer."""
    genome = space.genome_of(architecture)
    widths = genome.widths
    if len(widths) <= space.min_layers:
        return architecture
    place = int(rng.integers(len(widths)))
    return space.build(replace(genome, widths=widths[:place] + widths[place + 1 :]))


def duplicate(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Put a copy of a dense layer behind it."""
    genome = space.genome_of(architecture)
    widths = genome.widths
    if not 0 < len(widths) < space.max_layers:
        return architecture
    place = int(rng.integers(len(widths)))
    return space.build(replace(genome, widths=widths[: place + 1] + widths[place:]))


def widen(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Make one dense layer wider: mostly twice, sometimes four times or a quarter more."""
    return _scale_units(architecture, space, rng, _growth(rng))


def narrow(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Make one dense layer narrower by one of the factors by which `widen` makes it wider."""
    return _scale_units(architecture, space, rng, 1 / _growth(rng))


def swap(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Exchange the widths of two dense layers."""
    genome = space.genome_of(architecture)
    if len(genome.widths) < 2:
        return architecture
    one, other = (int(place) for place in rng.choice(len(genome.widths), size=2, replace=False))
    widths = list(genome.widths)
    widths[one], widths[other] = widths[other], widths[one]
    return space.build(replace(genome, widths=tuple(widths)))


def jump(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one dense layer any width."""
    genome = space.genome_of(architecture)
    if not genome.widths:
        return architecture
    place = int(rng.integers(len(genome.widths)))
    return space.build(_with_units(genome, place, space.sample_units(rng)))


def change_activation(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give all layers another activation."""
    genome = space.genome_of(architecture)
    others = [name for name in space.activations if name != genome.activation]
    if not architecture.layers or not others:
        return architecture
    return space.build(replace(genome, activation=others[int(rng.integers(len(others)))]))


def add_block(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Insert a convolution block at any place, like one of its neighbors (any block where it has none)."""
    genome = space.genome_of(architecture)
    blocks = genome.blocks
    if len(blocks) >= space.max_blocks:
        return architecture
    place = int(rng.integers(len(blocks) + 1))
    neighbors = blocks[max(place - 1, 0) : place + 1]
    block = neighbors[int(rng.integers(len(neighbors)))] if neighbors else space.sample_block(rng)
    genome = _expressed(genome, space, rng)
    return space.build(replace(genome, blocks=(*blocks[:place], block, *blocks[place:])))


def remove_block(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Remove one convolution block."""
    genome = space.genome_of(architecture)
    blocks = genome.blocks
    if not blocks:
        return architecture
    place = int(rng.integers(len(blocks)))
    return space.build(replace(genome, blocks=blocks[:place] + blocks[place + 1 :]))


def more_channels(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one block more channels, by one of the factors of `widen`."""
    return _scale_channels(architecture, space, rng, _growth(rng))


def fewer_channels(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one block fewer channels, by one of the factors of `widen`."""
    return _scale_channels(architecture, space, rng, 1 / _growth(rng))


def jump_channels(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one block any number of channels."""
    genome = space.genome_of(architecture)
    if not genome.blocks:
        return architecture
    place = int(rng.integers(len(genome.blocks)))
    block = replace(genome.blocks[place], channels=space.sample_channels(rng))
    return space.build(_with_block(genome, place, block))


def change_kernel(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one block a kernel of another size."""
    genome = space.genome_of(architecture)
    if not genome.blocks:
        return architecture
    place = int(rng.integers(len(genome.blocks)))
    block = genome.blocks[place]
    others = [size for size in space.kernels if size != block.kernel]
    if not others:
        return architecture
    block = replace(block, kernel=others[int(rng.integers(len(others)))])
    return space.build(_with_block(genome, place, block))


def change_dropout(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give the network another rate of dropout."""
    genome = space.genome_of(architecture)
    others = [rate for rate in space.dropout if rate != genome.dropout]
    if not genome.widths or not others:
        return architecture
    return space.build(replace(genome, dropout=others[int(rng.integers(len(others)))]))


def mutate_recipe(training: TrainingConfig, space: SearchSpace, *, rng: np.random.Generator) -> TrainingConfig:
    """Change one gene of the recipe in a training; it comes back unchanged where the space does not vary recipes."""
    if space.recipe is None:
        return training
    return apply_recipe(training, space.recipe.mutate(recipe_of(training), rng))


MUTATIONS: Mapping[str, Mutation] = MappingProxyType(
    {
        "insert": insert,
        "remove": remove,
        "duplicate": duplicate,
        "widen": widen,
        "narrow": narrow,
        "swap": swap,
        "jump": jump,
        "activation": change_activation,
    }
)
"""The operators on dense layers, by the name that `Candidate.operator` records."""

BLOCK_MUTATIONS: Mapping[str, Mutation] = MappingProxyType(
    {
        "add_block": add_block,
        "remove_block": remove_block,
        "more_channels": more_channels,
        "fewer_channels": fewer_channels,
        "jump_channels": jump_channels,
        "kernel": change_kernel,
    }
)
"""The operators on convolution blocks."""


def mutations(space: SearchSpace) -> Mapping[str, Mutation]:
    """Return the operators that can change anything in this space, those on dense layers first."""
    found = dict(MUTATIONS)
    if space.max_blocks:
        found |= BLOCK_MUTATIONS
    if len(space.dropout) > 1:
        found["dropout"] = change_dropout
    return MappingProxyType(found)


def _growth(rng: np.random.Generator) -> float:
    return float(rng.choice(GROWTH_FACTORS, p=GROWTH_CHANCES))


def _scaled(size: int, factor: float) -> float:
    # At least one unit of change: rounding must not turn a small layer's change into none.
    return max(size * factor, size + 1) if factor > 1 else min(size * factor, size - 1)


def _scale_units(
    architecture: Architecture, space: SearchSpace, rng: np.random.Generator, factor: float
) -> Architecture:
    genome = space.genome_of(architecture)
    if not genome.widths:
        return architecture
    place = int(rng.integers(len(genome.widths)))
    units = space.clip(_scaled(genome.widths[place], factor))
    return space.build(_with_units(genome, place, units))


def _scale_channels(
    architecture: Architecture, space: SearchSpace, rng: np.random.Generator, factor: float
) -> Architecture:
    genome = space.genome_of(architecture)
    if not genome.blocks:
        return architecture
    place = int(rng.integers(len(genome.blocks)))
    block = genome.blocks[place]
    channels = space.clip_channels(_scaled(block.channels, factor))
    return space.build(_with_block(genome, place, replace(block, channels=channels)))


def _with_units(genome: Genome, place: int, units: int) -> Genome:
    return replace(genome, widths=(*genome.widths[:place], units, *genome.widths[place + 1 :]))


def _with_block(genome: Genome, place: int, block: Block) -> Genome:
    return replace(genome, blocks=(*genome.blocks[:place], block, *genome.blocks[place + 1 :]))


def _expressed(genome: Genome, space: SearchSpace, rng: np.random.Generator) -> Genome:
    """Give a network without layers a random activation, which its first layer will show."""
    if genome.widths or genome.blocks:
        return genome
    return replace(genome, activation=space.activations[int(rng.integers(len(space.activations)))])
