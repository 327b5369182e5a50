"""The bounds of a search: which networks lie within them, and what they cost at least and at most.

A network is a genome (`evolution.genome`): convolution blocks where the input is an image, dense layers, one activation
and one rate of dropout. Widths and channels are any whole number within the bounds. `evolution.space` draws from them.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from core.architecture import ACTIVATIONS, MAX_LAYERS, ActivationName, Architecture
from core.errors import InvalidArchitecture
from core.layers import MAX_CHANNELS, MAX_KERNEL, MAX_RATE, MIN_RATE
from core.training import TrainingConfig
from evolution.errors import InvalidGenome, InvalidSpace
from evolution.genome import Block, Genome, read_genome
from evolution.recipe import RecipeSpace, recipe_of


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the search; raises InvalidSpace where they contradict each other or leave no network.

    `max_blocks` above 0 needs images, (height, width) or (channels, height, width). `kernels` are odd; `dropout` lists
    the rates to choose from, 0 is none. `max_inference_flops` counts one sample (`Architecture.inference_flops`). With
    a `recipe` the search varies the training too.
    """

    input_shape: tuple[int, ...]
    outputs: int
    min_layers: int = 0
    max_layers: int = 4
    min_units: int = 4
    max_units: int = 256
    activations: tuple[ActivationName, ...] = ("relu", "tanh")
    max_parameters: int | None = None
    max_inference_flops: int | None = None
    max_blocks: int = 0
    min_channels: int = 4
    max_channels: int = 32
    kernels: tuple[int, ...] = (3,)
    dropout: tuple[float, ...] = (0.0,)
    recipe: RecipeSpace | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_layers <= self.max_layers <= MAX_LAYERS:
            raise InvalidSpace(
                f"min_layers must lie between 0 and max_layers, and that at most at {MAX_LAYERS}; "
                f"got min_layers={self.min_layers}, max_layers={self.max_layers}"
            )
        if not 0 <= self.max_blocks <= MAX_LAYERS:
            raise InvalidSpace(f"max_blocks must lie between 0 and {MAX_LAYERS}, got max_blocks={self.max_blocks}")
        if not 1 <= self.min_units <= self.max_units:
            raise InvalidSpace(
                "min_units must lie between 1 and max_units, "
                f"got min_units={self.min_units}, max_units={self.max_units}"
            )
        if not 1 <= self.min_channels <= self.max_channels <= MAX_CHANNELS:
            raise InvalidSpace(
                f"min_channels must lie between 1 and max_channels, and that at most at {MAX_CHANNELS}; "
                f"got min_channels={self.min_channels}, max_channels={self.max_channels}"
            )
        self._check_choices()
        if self.max_blocks and len(self.input_shape) not in (2, 3):
            raise InvalidSpace(
                f"max_blocks={self.max_blocks} needs images, (height, width) or (channels, height, width), but the "
                f"input is {self.input_shape}; set max_blocks to 0"
            )
        try:
            # The architecture knows the limits of what can be built: the largest networks are the ones to ask. Of each
            # number of blocks, because fewer of them leave a larger image; a depth between these two is no larger.
            for blocks in range(self.max_blocks + 1):
                for depth in {self.min_layers, self.max_layers}:
                    self.largest(blocks, depth)
        except InvalidArchitecture as error:
            raise InvalidSpace(f"the largest network of the space cannot be built: {error}") from error
        self._check_limits()

    def _check_choices(self) -> None:
        unknown = [name for name in self.activations if name not in ACTIVATIONS]
        if unknown or not self.activations or len(set(self.activations)) != len(self.activations):
            raise InvalidSpace(
                f"activations must be different names out of {', '.join(ACTIVATIONS)}, at least one; "
                f"got {self.activations}"
            )
        even = [size for size in self.kernels if not 1 <= size <= MAX_KERNEL or size % 2 == 0]
        if even or not self.kernels or len(set(self.kernels)) != len(self.kernels):
            raise InvalidSpace(
                f"kernels must be different odd numbers from 1 to {MAX_KERNEL}, at least one; got {self.kernels}"
            )
        bad = [rate for rate in self.dropout if rate != 0 and not MIN_RATE <= rate <= MAX_RATE]
        if bad or not self.dropout or len(set(self.dropout)) != len(self.dropout):
            raise InvalidSpace(
                f"dropout must hold different rates, each 0 or from {MIN_RATE} to {MAX_RATE}, at least one; "
                f"got {self.dropout}"
            )

    def _check_limits(self) -> None:
        if affordable_shapes(self):
            return
        every = [self.smallest(blocks, depth) for blocks, depth in self.shapes()]
        parameters = min(one.parameter_count for one in every)
        flops = min(one.inference_flops for one in every)
        way_out = "raise the limit, or lower min_units, min_channels or min_layers"
        if self.max_parameters is not None and parameters > self.max_parameters:
            raise InvalidSpace(
                f"max_parameters={self.max_parameters} leaves no network: the smallest of the space has {parameters} "
                f"parameters; {way_out}"
            )
        if self.max_inference_flops is not None and flops > self.max_inference_flops:
            raise InvalidSpace(
                f"max_inference_flops={self.max_inference_flops} leaves no network: the cheapest of the space needs "
                f"{flops}; {way_out}"
            )
        raise InvalidSpace(
            f"max_parameters={self.max_parameters} and max_inference_flops={self.max_inference_flops} together leave "
            "no network: what keeps one exceeds the other; raise either"
        )

    @property
    def inputs(self) -> int:
        """The number of input values."""
        return math.prod(self.input_shape)

    def contains(self, architecture: Architecture) -> bool:
        """Say whether a search over this space may propose the architecture."""
        try:
            genome = self.genome_of(architecture)
        except InvalidGenome:
            return False
        return (
            architecture.input_shape == self.input_shape
            and architecture.outputs == self.outputs
            and self.min_layers <= len(genome.widths) <= self.max_layers
            and len(genome.blocks) <= self.max_blocks
            and genome.activation in self.activations
            and all(self.min_units <= units <= self.max_units for units in genome.widths)
            and all(self.min_channels <= block.channels <= self.max_channels for block in genome.blocks)
            and all(block.kernel in self.kernels for block in genome.blocks)
            and (genome.dropout in self.dropout or not genome.widths)
            and self.affords(architecture)
        )

    def affords(self, architecture: Architecture) -> bool:
        """Say whether the architecture keeps the limits on parameters and on the cost of inference."""
        return (self.max_parameters is None or architecture.parameter_count <= self.max_parameters) and (
            self.max_inference_flops is None or architecture.inference_flops <= self.max_inference_flops
        )

    def build(self, genome: Genome) -> Architecture:
        """Build the network of this genome, its widths and channels moved to the nearest bound that they cross."""
        widths = tuple(self.clip(units) for units in genome.widths)
        blocks = tuple(replace(block, channels=self.clip_channels(block.channels)) for block in genome.blocks)
        return self._build(replace(genome, widths=widths, blocks=blocks))

    def genome_of(self, architecture: Architecture, training: TrainingConfig | None = None) -> Genome:
        """Return the genome that `build` makes this network of, with the recipe where `training` is given and searched.

        Raises InvalidGenome for a network that no search builds; it need not lie within the bounds.
        """
        genome = read_genome(architecture)
        if not architecture.layers:
            genome = replace(genome, activation=self.activations[0])
        if training is not None and self.recipe is not None:
            genome = replace(genome, recipe=recipe_of(training))
        return genome

    def clip(self, units: float) -> int:
        """Return the nearest whole number of units within the bounds."""
        return int(min(max(round(units), self.min_units), self.max_units))

    def clip_channels(self, channels: float) -> int:
        """Return the nearest whole number of channels within the bounds."""
        return int(min(max(round(channels), self.min_channels), self.max_channels))

    def shapes(self) -> list[tuple[int, int]]:
        """List all combinations of a number of blocks and a number of dense layers."""
        depths = range(self.min_layers, self.max_layers + 1)
        return [(blocks, depth) for blocks in range(self.max_blocks + 1) for depth in depths]

    @property
    def smallest_block(self) -> Block:
        """The block with the fewest parameters."""
        return Block(self.min_channels, min(self.kernels))

    def smallest(self, blocks: int, depth: int) -> Architecture:
        """Return the smallest and cheapest network of this shape."""
        return self._build(Genome(self.activations[0], (self.min_units,) * depth, (self.smallest_block,) * blocks))

    def largest(self, blocks: int, depth: int) -> Architecture:
        """Return the largest and dearest network of this shape."""
        block = Block(self.max_channels, max(self.kernels))
        widths = (self.max_units,) * depth
        return self._build(Genome(self.activations[0], widths, (block,) * blocks, max(self.dropout)))

    def _build(self, genome: Genome) -> Architecture:
        return genome.architecture(self.input_shape, self.outputs)


@lru_cache(maxsize=16)
def affordable_shapes(bounds: Bounds) -> tuple[tuple[int, int], ...]:
    """List the numbers of blocks and dense layers with which at least one network keeps the limits."""
    return tuple(shape for shape in bounds.shapes() if bounds.affords(bounds.smallest(*shape)))
