"""The networks that a search may build: bounds on depth and widths, the activations, and a limit on parameters.

All hidden layers of a network share one activation, so a genome is an activation and a tuple of widths. Widths are
any whole number within the bounds.

The space is numbered: depth by depth, the empty stack first, then activation by activation, then the widths as digits
of a number whose last digit runs fastest. That makes it countable (`size`), addressable (`architecture_at`), and
walkable to the last network (`walk`), which is how a search over an almost exhausted space ends instead of drawing
duplicates for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.architecture import ACTIVATIONS, MAX_LAYERS, ActivationName, Architecture, Dense
from core.errors import InvalidArchitecture
from evolution.errors import InvalidSpace

SAMPLE_ATTEMPTS = 20
"""How often a random network outside the parameter limit is drawn again before it is made narrower instead."""


@dataclass(frozen=True, slots=True)
class _Block:
    """The networks of one depth and activation, which are numbered one after the other."""

    depth: int
    activation: ActivationName
    size: int


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Bounds of the search; raises InvalidSpace where they contradict each other or leave no network."""

    input_shape: tuple[int, ...]
    outputs: int
    min_layers: int = 0
    max_layers: int = 4
    min_units: int = 4
    max_units: int = 256
    activations: tuple[ActivationName, ...] = ("relu", "tanh")
    max_parameters: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_layers <= self.max_layers <= MAX_LAYERS:
            raise InvalidSpace(
                f"min_layers must lie between 0 and max_layers, and that at most at {MAX_LAYERS}; "
                f"got min_layers={self.min_layers}, max_layers={self.max_layers}"
            )
        if not 1 <= self.min_units <= self.max_units:
            raise InvalidSpace(
                "min_units must lie between 1 and max_units, "
                f"got min_units={self.min_units}, max_units={self.max_units}"
            )
        unknown = [name for name in self.activations if name not in ACTIVATIONS]
        if unknown or not self.activations or len(set(self.activations)) != len(self.activations):
            raise InvalidSpace(
                f"activations must be different names out of {', '.join(ACTIVATIONS)}, at least one; "
                f"got {self.activations}"
            )
        try:
            # The architecture knows the limits of what can be built: the largest network is the one to ask.
            self._build(self.activations[0], (self.max_units,) * self.max_layers)
        except InvalidArchitecture as error:
            raise InvalidSpace(f"the largest network of the space cannot be built: {error}") from error
        if self.max_parameters is not None and not self._depths():
            smallest = min(self._smallest(depth) for depth in range(self.min_layers, self.max_layers + 1))
            raise InvalidSpace(
                f"max_parameters={self.max_parameters} leaves no network: the smallest of the space has {smallest} "
                "parameters; raise the limit, or lower min_units or min_layers"
            )

    @property
    def inputs(self) -> int:
        """The number of input values."""
        return self._build(self.activations[0], ()).inputs

    def contains(self, architecture: Architecture) -> bool:
        """Say whether a search over this space may propose the architecture."""
        return (
            architecture.is_dense
            and architecture.input_shape == self.input_shape
            and architecture.outputs == self.outputs
            and self.min_layers <= architecture.depth <= self.max_layers
            and all(self.min_units <= units <= self.max_units for units in architecture.widths)
            and len(set(architecture.activations)) <= 1
            and all(name in self.activations for name in architecture.activations)
            and self.affords(architecture)
        )

    def affords(self, architecture: Architecture) -> bool:
        """Say whether the architecture keeps the limit on parameters."""
        return self.max_parameters is None or architecture.parameter_count <= self.max_parameters

    def build(self, activation: ActivationName, widths: tuple[int, ...]) -> Architecture:
        """Build the architecture of this genome, each width moved to the nearest bound it crosses."""
        return self._build(activation, tuple(self.clip(units) for units in widths))

    def clip(self, units: float) -> int:
        """Return the nearest whole number of units within the bounds."""
        return int(min(max(round(units), self.min_units), self.max_units))

    def size(self) -> int:
        """Count the networks, ignoring max_parameters (so it is an upper bound where there is such a limit)."""
        return sum(block.size for block in self._blocks())

    def architecture_at(self, index: int) -> Architecture:
        """Return network number `index` of 0..size() - 1; each number is another network. Ignores max_parameters."""
        if not 0 <= index < self.size():
            raise InvalidSpace(f"index must lie between 0 and {self.size() - 1}, got {index}")
        for block in self._blocks():
            if index < block.size:
                return self._build(block.activation, self._digits(index, block.depth))
            index -= block.size
        raise AssertionError("the blocks cover all indices")

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a network: depth and activation evenly, widths evenly on a logarithmic scale, within max_parameters."""
        for _ in range(SAMPLE_ATTEMPTS):
            depth = int(rng.integers(self.min_layers, self.max_layers + 1))
            activation = self.activations[int(rng.integers(len(self.activations)))]
            architecture = self._build(activation, tuple(self.sample_units(rng) for _ in range(depth)))
            if self.affords(architecture):
                return architecture
        return self.fit(architecture)

    def sample_units(self, rng: np.random.Generator) -> int:
        """Draw a width evenly on a logarithmic scale: as many between 8 and 16 as between 128 and 256."""
        return self.clip(np.exp(rng.uniform(np.log(self.min_units - 0.5), np.log(self.max_units + 0.5))))

    def fit(self, architecture: Architecture) -> Architecture:
        """Repair a network above max_parameters: the same shape made narrower, or the nearest depth that can fit."""
        if self.affords(architecture):
            return architecture
        depths = self._depths()
        depth = min(depths, key=lambda other: (abs(other - architecture.depth), other))
        activation = architecture.activations[0] if architecture.layers else self.activations[0]
        widths = architecture.widths[:depth] + (self.min_units,) * (depth - architecture.depth)
        # The count grows with every width, so the largest common share that fits is found by halving, here in steps
        # of 1/1024.
        low, high = 0, 1024
        while high - low > 1:
            middle = (low + high) // 2
            scaled = self.build(activation, tuple(units * middle // 1024 for units in widths))
            low, high = (middle, high) if self.affords(scaled) else (low, middle)
        return self.build(activation, tuple(units * low // 1024 for units in widths))

    def walk(self, start: int) -> Iterator[Architecture]:
        """Yield every network within max_parameters exactly once, from index `start` on and around to it again.

        Networks above the limit are leapt over in blocks, so the time is proportional to what is yielded, not to
        size().
        """
        if not 0 <= start < self.size():
            raise InvalidSpace(f"start must lie between 0 and {self.size() - 1}, got {start}")
        blocks = self._blocks()
        first = 0
        while start >= blocks[first].size:
            start -= blocks[first].size
            first += 1
        yield from self._walk_block(blocks[first], start, blocks[first].size)
        for block in blocks[first + 1 :] + blocks[:first]:
            yield from self._walk_block(block, 0, block.size)
        yield from self._walk_block(blocks[first], 0, start)

    def _walk_block(self, block: _Block, start: int, stop: int) -> Iterator[Architecture]:
        index = start
        while index < stop:
            widths = self._digits(index, block.depth)
            excess = self._first_excess(widths)
            if excess is None:
                yield self._build(block.activation, widths)
                index += 1
            else:
                # Whatever follows the digit that is too large exceeds as well, and so do all larger values of that
                # digit: go on where the digit before it changes.
                step = self._radix ** (block.depth - excess)
                index = (index // step + 1) * step

    def _first_excess(self, widths: tuple[int, ...]) -> int | None:
        """Return the first place at which the limit is exceeded even if all later layers are as narrow as allowed."""
        if self.max_parameters is None or self._count(widths) <= self.max_parameters:
            return None
        for position in range(len(widths)):
            narrowest = widths[: position + 1] + (self.min_units,) * (len(widths) - position - 1)
            if self._count(narrowest) > self.max_parameters:
                return position
        return 0

    @property
    def _radix(self) -> int:
        return self.max_units - self.min_units + 1

    def _digits(self, index: int, depth: int) -> tuple[int, ...]:
        digits = []
        for _ in range(depth):
            index, digit = divmod(index, self._radix)
            digits.append(self.min_units + digit)
        return tuple(reversed(digits))

    def _blocks(self) -> list[_Block]:
        return [
            _Block(depth, activation, self._radix**depth)
            for depth in range(self.min_layers, self.max_layers + 1)
            # Without hidden layers there is nothing to activate: one network, not one per activation.
            for activation in (self.activations if depth else self.activations[:1])
        ]

    def _depths(self) -> list[int]:
        """List the depths at which at least one network keeps the limit on parameters."""
        return [
            depth
            for depth in range(self.min_layers, self.max_layers + 1)
            if self.max_parameters is None or self._smallest(depth) <= self.max_parameters
        ]

    def _smallest(self, depth: int) -> int:
        return self._count((self.min_units,) * depth)

    def _count(self, widths: tuple[int, ...]) -> int:
        return self._build(self.activations[0], widths).parameter_count

    def _build(self, activation: ActivationName, widths: tuple[int, ...]) -> Architecture:
        return Architecture(self.input_shape, tuple(Dense(units, activation) for units in widths), self.outputs)
