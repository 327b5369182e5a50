"""The description of a network, kept apart from its arrays: evolution edits it, SQL stores it, export writes it."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.errors import InvalidArchitecture
from core.json_fields import check_format, check_int, json_object
from core.layers import (
    ACTIVATIONS,
    IMAGE_LAYERS,
    LAYERS,
    MAX_UNITS,
    ActivationName,
    Convolution,
    Dense,
    Layer,
    LayerNormalization,
    Shape,
    layer_from_json,
    layer_to_json,
    values,
)

__all__ = ["ACTIVATIONS", "MAX_UNITS", "ActivationName", "Architecture", "Dense", "Layer"]

# Format 1 knows dense layers only; what it can say is still written in it, so that earlier releases read it.
DENSE_FORMAT, FORMAT = 1, 2
MAX_DIMENSIONS = 8
MAX_INPUTS = 2**20
MAX_LAYERS = 64
# Class indices travel as 16-bit numbers.
MAX_OUTPUTS = 2**16
# Two gigabytes of float32, the most a plain zip file can hold; a training needs about six such vectors.
MAX_PARAMETERS = 500_000_000
# Numbers per sample that a layer puts out, or that a convolution gathers: with the smallest batches 64 MB.
MAX_VALUES = 2**24


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer where it stands: the shapes before and behind it and, where it has parameters, their shape."""

    layer: Layer | None
    before: Shape
    after: Shape
    weight_shape: tuple[int, int] | None

    @property
    def positions(self) -> int:
        """How often one sample meets each weight in a matrix product: once for each place of a convolution."""
        match self.layer:
            case Convolution():
                return values(self.after[1:])
            case LayerNormalization():
                return 0
            case _:
                return 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """A feedforward network: hidden layers in order, then a dense output layer of logits.

    Without hidden layers it is logistic regression. Where a layer works on images (a convolution or a pooling), the
    input is one: (height, width) or (channels, height, width). Otherwise it is the vector of its values. Raises
    InvalidArchitecture, naming the layer by position and kind.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    outputs: int

    def __post_init__(self) -> None:
        if not isinstance(self.input_shape, tuple) or not 1 <= len(self.input_shape) <= MAX_DIMENSIONS:
            raise InvalidArchitecture(f"input_shape must be a tuple of 1 to {MAX_DIMENSIONS} integers")
        for axis, size in enumerate(self.input_shape):
            check_int(size, what=f"input_shape[{axis}]", low=1, high=MAX_INPUTS, error=InvalidArchitecture)
        if self.inputs > MAX_INPUTS:
            raise InvalidArchitecture(f"input_shape {self.input_shape} has {self.inputs} values, limit {MAX_INPUTS}")
        if not isinstance(self.layers, tuple):
            raise InvalidArchitecture(f"layers must be a tuple, got {type(self.layers).__name__}")
        if len(self.layers) > MAX_LAYERS:
            raise InvalidArchitecture(f"layers: {len(self.layers)} hidden layers, limit {MAX_LAYERS}")
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, LAYERS):
                kinds = ", ".join(kind.__name__ for kind in LAYERS)
                raise InvalidArchitecture(f"layers[{index}] must be one of {kinds}, got {type(layer).__name__}")
        check_int(self.outputs, what="outputs", low=1, high=MAX_OUTPUTS, error=InvalidArchitecture)
        # Walking through the stages checks that every layer fits behind the one before it.
        count = sum(rows * columns for rows, columns in self.weight_shapes)
        if count > MAX_PARAMETERS:
            raise InvalidArchitecture(f"{self.describe()} has {count} parameters, limit {MAX_PARAMETERS}"[:500])

    @property
    def inputs(self) -> int:
        """Values per sample."""
        return math.prod(self.input_shape)

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return len(self.layers)

    @property
    def is_dense(self) -> bool:
        """Whether all hidden layers are dense."""
        return all(isinstance(layer, Dense) for layer in self.layers)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each dense layer and channels of each convolution, in order."""
        return tuple(
            layer.units if isinstance(layer, Dense) else layer.channels
            for layer in self.layers
            if isinstance(layer, Dense | Convolution)
        )

    @property
    def activations(self) -> tuple[ActivationName, ...]:
        """The activation of each dense layer and convolution, in order."""
        return tuple(layer.activation for layer in self.layers if isinstance(layer, Dense | Convolution))

    @property
    def entry_shape(self) -> Shape:
        """What one sample looks like before the first layer: an image or a vector."""
        for index, layer in enumerate(self.layers):
            if isinstance(layer, IMAGE_LAYERS):
                if len(self.input_shape) not in (2, 3):
                    raise InvalidArchitecture(
                        f"layers[{index}] {layer.kind}: takes images, (height, width) or (channels, height, width), "
                        f"but the input is {self.input_shape}"
                    )
                return (1, *self.input_shape)[-3:]
        return (self.inputs,)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The hidden layers and then the output layer (None), each with its shapes."""
        return _stages(self)

    @property
    def weight_shapes(self) -> tuple[tuple[int, int], ...]:
        """One (inputs + 1, outputs) per layer that has parameters, the output layer last; the last row is the bias."""
        return tuple(stage.weight_shape for stage in self.stages if stage.weight_shape is not None)

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return sum(rows * columns for rows, columns in self.weight_shapes)

    @property
    def inference_flops(self) -> int:
        """Operations of one forward pass of one sample.

        Counted are the matrix products, a multiplication and an addition for each weight and each bias at each place
        where it is used: two per parameter of a dense layer, two per parameter and window of a convolution. Not counted
        are activations, pooling, normalization, dropout and the softmax.
        """
        return sum(
            2 * stage.weight_shape[0] * stage.weight_shape[1] * stage.positions
            for stage in self.stages
            if stage.weight_shape is not None
        )

    @property
    def training_flops(self) -> int:
        """Operations of one sample's share of a training step.

        The forward pass, as much again for the gradient of the parameters, and for every layer with parameters before
        it the gradient of its inputs (two per weight and place, none for biases). The optimizer and validation are not
        counted.
        """
        inner = 0
        first = True
        for stage in self.stages:
            if stage.weight_shape is not None:
                if not first:
                    inner += (stage.weight_shape[0] - 1) * stage.weight_shape[1] * stage.positions
                first = False
        return 2 * self.inference_flops + 2 * inner

    def describe(self) -> str:
        """Say it in one line: "256-[128 relu, 64 tanh]-10", or "256-10" without hidden layers."""
        entry = "x".join(str(size) for size in self.entry_shape)
        hidden = ", ".join(layer.describe() for layer in self.layers)
        return f"{entry}-[{hidden}]-{self.outputs}" if hidden else f"{entry}-{self.outputs}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with a format number."""
        return {
            "format": DENSE_FORMAT if self.is_dense else FORMAT,
            "input_shape": list(self.input_shape),
            "layers": [layer_to_json(layer) for layer in self.layers],
            "outputs": self.outputs,
        }

    @classmethod
    def from_json(cls, value: object) -> "Architecture":
        """Read what `to_json` wrote, now or in an earlier release; anything else raises InvalidArchitecture."""
        fields = json_object(
            value,
            what="architecture",
            keys=("format", "input_shape", "layers", "outputs"),
            error=InvalidArchitecture,
        )
        check_format(fields, what="architecture", known=FORMAT, oldest=DENSE_FORMAT, error=InvalidArchitecture)
        for key in ("input_shape", "layers"):
            if not isinstance(fields[key], list):
                raise InvalidArchitecture(f"architecture: {key} must be an array, got {type(fields[key]).__name__}")
        if len(fields["layers"]) > MAX_LAYERS:
            raise InvalidArchitecture(f"layers: {len(fields['layers'])} hidden layers, limit {MAX_LAYERS}")
        kinds = (Dense,) if fields["format"] == DENSE_FORMAT else LAYERS
        layers = tuple(
            layer_from_json(layer, what=f"layers[{index}]", kinds=kinds) for index, layer in enumerate(fields["layers"])
        )
        return cls(tuple(fields["input_shape"]), layers, fields["outputs"])


# Everything that an architecture knows is asked again and again while one network is built and trained.
@lru_cache(maxsize=64)
def _stages(architecture: Architecture) -> tuple[Stage, ...]:
    """Walk through the layers; raises InvalidArchitecture, naming the first that does not fit."""
    stages = []
    shape = architecture.entry_shape
    for index, layer in enumerate(architecture.layers):
        try:
            after = layer.output_shape(shape)
            weight_shape = layer.weight_shape(shape)
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"layers[{index}] {layer.kind}: {error}") from None
        gathered = weight_shape[0] * values(after[1:]) if weight_shape and isinstance(layer, Convolution) else 0
        largest = max(values(after), gathered)
        if largest > MAX_VALUES:
            raise InvalidArchitecture(f"layers[{index}] {layer.kind}: {largest} values per sample, limit {MAX_VALUES}")
        stages.append(Stage(layer, shape, after, weight_shape))
        shape = after
    if len(shape) != 1:
        raise InvalidArchitecture(
            f"the output layer takes a vector, gets {shape} from layers[{architecture.depth - 1}] "
            f"{architecture.layers[-1].kind}; put a flatten layer behind it"
        )
    return (*stages, Stage(None, shape, (architecture.outputs,), (shape[0] + 1, architecture.outputs)))
