"""What a network costs, counted from its genome alone.

An Architecture knows this too, but one that is far too large cannot be made at all, and a spec that asks for such
networks is to be refused with their size.
"""

from dataclasses import dataclass
from math import prod

from core.layers import Convolution, Shape
from evolution.genome import Genome


@dataclass(frozen=True, slots=True)
class NetworkCosts:
    """Parameters, and operations per sample as `Architecture.inference_flops` and `training_flops` count them."""

    parameters: int
    inference_flops: int
    training_flops: int


def network_costs(genome: Genome, input_shape: tuple[int, ...], outputs: int) -> NetworkCosts:
    """Count the costs of the genome's network; raises InvalidArchitecture for blocks where the input is no image."""
    shape: Shape = (1, *input_shape)[-3:] if genome.blocks else (prod(input_shape),)
    parameters = inference = inner = 0
    for layer in genome.layers(input_shape):
        weight_shape = layer.weight_shape(shape)
        shape = layer.output_shape(shape)
        if weight_shape is not None:
            rows, columns = weight_shape
            positions = prod(shape[1:]) if isinstance(layer, Convolution) else 1
            # The first layer with parameters needs no gradient of its inputs.
            inner += (rows - 1) * columns * positions if parameters else 0
            parameters += rows * columns
            inference += 2 * rows * columns * positions
    inner += shape[0] * outputs if parameters else 0
    parameters += (shape[0] + 1) * outputs
    inference += 2 * (shape[0] + 1) * outputs
    return NetworkCosts(parameters, inference, 2 * inference + 2 * inner)
