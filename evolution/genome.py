"""What evolution varies of a network, and the plain form that every network of a search has.

In order: convolution blocks (images only), a flatten layer behind them, dense layers. A block is a convolution that
keeps the image's size (stride 1, padding of half the kernel) and a max pooling that halves it; where the image has come
down to one row or column there is nothing to halve, and the block is the convolution alone. With a dropout rate, a
dropout layer stands behind every dense layer. All layers share one activation.

Genes that nothing expresses have one value, so that equal networks have equal genomes: a network without dense layers
has dropout 0, and one without any layer has the space's first activation.
"""

from dataclasses import dataclass

from core.architecture import ACTIVATIONS, ActivationName, Architecture, Dense
from core.layers import Convolution, Dropout, Flatten, Layer, MaxPooling
from evolution.errors import InvalidGenome
from evolution.recipe import Recipe

POOL = 2


@dataclass(frozen=True, slots=True)
class Block:
    """A convolution of this many channels with a square kernel of odd size, and the pooling behind it."""

    channels: int
    kernel: int


@dataclass(frozen=True, slots=True)
class Genome:
    """The genes of a network and, where the search varies it, the recipe of its training."""

    activation: ActivationName
    widths: tuple[int, ...] = ()
    blocks: tuple[Block, ...] = ()
    dropout: float = 0.0
    recipe: Recipe | None = None

    def layers(self, input_shape: tuple[int, ...]) -> tuple[Layer, ...]:
        """Return the hidden layers for inputs of this shape; raises InvalidArchitecture for blocks without images."""
        layers: list[Layer] = []
        shape = (1, *input_shape)[-3:]
        for block in self.blocks:
            convolution = Convolution(block.channels, block.kernel, self.activation, 1, block.kernel // 2)
            layers.append(convolution)
            shape = convolution.output_shape(shape)
            if min(shape[1:]) >= POOL:
                pooling = MaxPooling(POOL, POOL)
                layers.append(pooling)
                shape = pooling.output_shape(shape)
        if self.blocks:
            layers.append(Flatten())
        for units in self.widths:
            layers.append(Dense(units, self.activation))
            if self.dropout > 0:
                layers.append(Dropout(self.dropout))
        return tuple(layers)

    def architecture(self, input_shape: tuple[int, ...], outputs: int) -> Architecture:
        """Return the network; raises InvalidArchitecture where it cannot be built."""
        return Architecture(input_shape, self.layers(input_shape), outputs)


def read_genome(architecture: Architecture) -> Genome:
    """Return the genome, without a recipe, whose `architecture` this is; raises InvalidGenome where there is none.

    Without any layer the activation is the first one that core knows.
    """
    widths, blocks, rate = [], [], 0.0
    for layer in architecture.layers:
        match layer:
            case Dense():
                widths.append(layer.units)
            case Convolution():
                blocks.append(Block(layer.channels, layer.kernel))
            case Dropout():
                rate = layer.rate
            case _:
                pass
    activation = next(iter(architecture.activations), ACTIVATIONS[0])
    genome = Genome(activation, tuple(widths), tuple(blocks), rate)
    if genome.layers(architecture.input_shape) != architecture.layers:
        raise InvalidGenome(
            f"{architecture.describe()} does not have the form of a search's networks: convolution blocks, then dense "
            "layers, all with one activation and one rate of dropout"[:500]
        )
    return genome
