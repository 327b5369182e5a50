"""The networks that a search may build: drawn, counted, numbered, and repaired to the limits on their cost.

The space is numbered: first by the number of blocks, then depth by depth, the empty stack first, then activation by
activation and rate by rate, then channels, kernels and widths as digits of a number whose last digit runs fastest. That
makes it countable (`size`), addressable (`architecture_at`), and walkable to the last network (`walk`), which is how a
search over an almost exhausted space ends instead of drawing duplicates for ever.

Recipes (`evolution.recipe`) are not numbered, because learning rates cannot be counted.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.architecture import ActivationName, Architecture
from core.training import TrainingConfig
from evolution.bounds import Bounds, affordable_shapes
from evolution.errors import InvalidSpace
from evolution.genome import Block, Genome
from evolution.numbering import Digits, digits, walk
from evolution.recipe import apply_recipe, one_of, recipe_of

SAMPLE_ATTEMPTS = 20
"""How often a random network outside the limits is drawn again before it is made smaller instead."""

SHARES = 1024
"""Repair makes a network smaller in steps of one in so many."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """The networks of one shape, activation and dropout, which are numbered one after the other."""

    blocks: int
    depth: int
    activation: ActivationName
    dropout: float
    ranges: Digits

    @property
    def size(self) -> int:
        return math.prod(self.ranges)


@dataclass(frozen=True, slots=True)
class SearchSpace(Bounds):
    """The networks within the bounds; raises InvalidSpace where these contradict each other or leave no network."""

    def size(self) -> int:
        """Count the networks, ignoring the limits (so it is an upper bound where there are any) and the recipes."""
        return sum(cell.size for cell in _cells(self))

    def describe(self) -> str:
        """Say in one line how many networks there are, of which kinds, and which recipes go with each."""
        limited = self.max_parameters is not None or self.max_inference_flops is not None
        depth = (
            str(self.max_layers) if self.min_layers == self.max_layers else f"{self.min_layers} to {self.max_layers}"
        )
        units = f" of {self.min_units:,} to {self.max_units:,} units" if self.max_layers else ""
        parts = [f"{depth} dense layers{units}", one_of(self.activations)]
        if self.max_blocks:
            kernels = one_of([f"{size}x{size}" for size in self.kernels])
            channels = f"{self.min_channels:,} to {self.max_channels:,} channels"
            parts.insert(0, f"0 to {self.max_blocks} convolution blocks of {channels}, {kernels}")
        if self.dropout != (0.0,):
            parts.append(f"dropout {one_of(self.dropout)}")
        if self.max_parameters is not None:
            parts.append(f"at most {self.max_parameters:,} parameters")
        if self.max_inference_flops is not None:
            parts.append(f"at most {self.max_inference_flops:,} FLOPs of inference")
        count = f"{'at most ' if limited else ''}{_spoken(self.size())}"
        sentence = f"{count} {'structure' if self.size() == 1 else 'structures'} ({'; '.join(parts)})"
        return sentence if self.recipe is None else f"{sentence}, each with any {self.recipe.describe()}"

    def architecture_at(self, index: int) -> Architecture:
        """Return network number `index` of 0..size() - 1; each number is another network. Ignores the limits."""
        if not 0 <= index < self.size():
            raise InvalidSpace(f"index must lie between 0 and {self.size() - 1}, got {index}")
        for cell in _cells(self):
            if index < cell.size:
                return self._numbered(cell, digits(index, cell.ranges))
            index -= cell.size
        raise AssertionError("the cells cover all indices")

    def walk(self, start: int) -> Iterator[Architecture]:
        """Yield every network within the limits exactly once, from index `start` on and around to it again.

        Networks above the limits are leapt over, so the time is proportional to what is yielded, not to size().
        """
        if not 0 <= start < self.size():
            raise InvalidSpace(f"start must lie between 0 and {self.size() - 1}, got {start}")
        cells = _cells(self)
        first = 0
        while start >= cells[first].size:
            start -= cells[first].size
            first += 1
        yield from self._walk_cell(cells[first], start, cells[first].size)
        for cell in cells[first + 1 :] + cells[:first]:
            yield from self._walk_cell(cell, 0, cell.size)
        yield from self._walk_cell(cells[first], 0, start)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a network within the limits.

        Depth, activation, number of blocks, kernels and dropout evenly, widths and channels evenly on a logarithmic
        scale.
        """
        for _ in range(SAMPLE_ATTEMPTS):
            depth = int(rng.integers(self.min_layers, self.max_layers + 1))
            activation = self.activations[int(rng.integers(len(self.activations)))]
            widths = tuple(self.sample_units(rng) for _ in range(depth))
            blocks = tuple(self.sample_block(rng) for _ in range(int(rng.integers(self.max_blocks + 1))))
            architecture = self.build(Genome(activation, widths, blocks, self.sample_dropout(rng)))
            if self.affords(architecture):
                return architecture
        return self.fit(architecture)

    def sample_units(self, rng: np.random.Generator) -> int:
        """Draw a width evenly on a logarithmic scale: as many between 8 and 16 as between 128 and 256."""
        return self.clip(np.exp(rng.uniform(np.log(self.min_units - 0.5), np.log(self.max_units + 0.5))))

    def sample_channels(self, rng: np.random.Generator) -> int:
        """Draw a number of channels evenly on a logarithmic scale."""
        return self.clip_channels(np.exp(rng.uniform(np.log(self.min_channels - 0.5), np.log(self.max_channels + 0.5))))

    def sample_block(self, rng: np.random.Generator) -> Block:
        """Draw a convolution block."""
        return Block(self.sample_channels(rng), self.kernels[int(rng.integers(len(self.kernels)))])

    def sample_dropout(self, rng: np.random.Generator) -> float:
        """Draw a rate of dropout."""
        return self.dropout[int(rng.integers(len(self.dropout)))]

    def sample_training(self, training: TrainingConfig, rng: np.random.Generator) -> TrainingConfig:
        """Return the training with a random recipe; the training itself where recipes are not searched."""
        return training if self.recipe is None else apply_recipe(training, self.recipe.sample(rng))

    def fit_training(self, training: TrainingConfig) -> TrainingConfig:
        """Return the training with the nearest recipe of the space; itself where recipes are not searched."""
        return training if self.recipe is None else apply_recipe(training, self.recipe.fit(recipe_of(training)))

    def fit(self, architecture: Architecture) -> Architecture:
        """Repair a network above the limits: the same shape made smaller, or the nearest shape that can fit.

        Widths and channels shrink by a common share; kernels become the smallest only where nothing else helps.
        """
        if self.affords(architecture):
            return architecture
        genome = self._reshaped(self.genome_of(architecture))
        if not self.affords(self._shrunk(genome, 0)):
            smallest = min(self.kernels)
            genome = replace(genome, blocks=tuple(replace(block, kernel=smallest) for block in genome.blocks))
        # Both costs grow with every width, so the largest common share that fits is found by halving.
        low, high = 0, SHARES + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.affords(self._shrunk(genome, middle)) else (low, middle)
        return self._shrunk(genome, low)

    def _reshaped(self, genome: Genome) -> Genome:
        """Give a genome the nearest number of layers and blocks at which any network keeps the limits."""
        blocks, depth = min(
            affordable_shapes(self),
            key=lambda shape: (
                abs(shape[0] - len(genome.blocks)) + abs(shape[1] - len(genome.widths)),
                shape[1],
                shape[0],
            ),
        )
        return replace(
            genome,
            widths=genome.widths[:depth] + (self.min_units,) * (depth - len(genome.widths)),
            blocks=genome.blocks[:blocks] + (self.smallest_block,) * (blocks - len(genome.blocks)),
            # A first dense layer brings dropout with it.
            dropout=genome.dropout if genome.widths else self.dropout[0],
        )

    def _shrunk(self, genome: Genome, share: int) -> Architecture:
        widths = tuple(units * share // SHARES for units in genome.widths)
        blocks = tuple(Block(block.channels * share // SHARES, block.kernel) for block in genome.blocks)
        return self.build(replace(genome, widths=widths, blocks=blocks))

    def _walk_cell(self, cell: _Cell, start: int, stop: int) -> Iterator[Architecture]:
        for number in walk(cell.ranges, start, stop, lambda number: self.affords(self._numbered(cell, number))):
            yield self._numbered(cell, number)

    def _numbered(self, cell: _Cell, number: Digits) -> Architecture:
        channels, kernels = number[: 2 * cell.blocks : 2], number[1 : 2 * cell.blocks : 2]
        # In order, so that a larger digit is a larger network.
        sizes = sorted(self.kernels)
        blocks = tuple(
            Block(self.min_channels + wide, sizes[size]) for wide, size in zip(channels, kernels, strict=True)
        )
        widths = tuple(self.min_units + digit for digit in number[2 * cell.blocks :])
        return self.build(Genome(cell.activation, widths, blocks, cell.dropout))


# Every draw, number and repair asks again; a search asks of one or two spaces.
@lru_cache(maxsize=16)
def _cells(space: SearchSpace) -> tuple[_Cell, ...]:
    block = (space.max_channels - space.min_channels + 1, len(space.kernels))
    widths = space.max_units - space.min_units + 1
    return tuple(
        _Cell(blocks, depth, activation, dropout, block * blocks + (widths,) * depth)
        for blocks, depth in space.shapes()
        # Without layers there is nothing to activate, and without dense ones nothing to drop out: one network each, not
        # one per choice.
        for activation in (space.activations if blocks or depth else space.activations[:1])
        for dropout in (space.dropout if depth else (0.0,))
    )


def _spoken(count: int) -> str:
    """Write a number with commas, a very large one by its power of ten."""
    exponent = len(str(count)) - 1
    return f"{count:,}" if exponent < 12 else f"about {count // 10 ** (exponent - 1) / 10:.1f}e{exponent}"
