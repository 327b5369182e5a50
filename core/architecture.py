"""The description of a network, kept apart from its arrays: evolution edits it, SQL stores it, export writes it."""

import itertools
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import InvalidArchitecture
from core.json_fields import check_format, check_int, json_object

ActivationName = Literal["relu", "tanh", "sigmoid", "gelu"]
ACTIVATIONS: tuple[ActivationName, ...] = get_args(ActivationName)

FORMAT = 1
MAX_DIMENSIONS = 8
MAX_INPUTS = 2**20
MAX_LAYERS = 64
MAX_UNITS = 2**16
# Class indices travel as 16-bit numbers.
MAX_OUTPUTS = 2**16
# Two gigabytes of float32, the most a plain zip file can hold; a training needs about six such vectors.
MAX_PARAMETERS = 500_000_000


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer followed by its activation; raises InvalidArchitecture."""

    units: int
    activation: ActivationName

    def __post_init__(self) -> None:
        check_int(self.units, what="dense layer: units", low=1, high=MAX_UNITS, error=InvalidArchitecture)
        if self.activation not in ACTIVATIONS:
            raise InvalidArchitecture(
                f"dense layer: unknown activation {self.activation!r}; known are {', '.join(ACTIVATIONS)}"[:300]
            )


@dataclass(frozen=True, slots=True)
class Architecture:
    """A feedforward network: hidden layers in order, then a dense output layer of logits.

    Without hidden layers it is logistic regression. Raises InvalidArchitecture, naming the layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Dense, ...]
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
            if not isinstance(layer, Dense):
                raise InvalidArchitecture(f"layers[{index}] must be a Dense layer, got {type(layer).__name__}")
        check_int(self.outputs, what="outputs", low=1, high=MAX_OUTPUTS, error=InvalidArchitecture)
        if self.parameter_count > MAX_PARAMETERS:
            raise InvalidArchitecture(
                f"{self.describe()} has {self.parameter_count} parameters, limit {MAX_PARAMETERS}"[:500]
            )

    @property
    def inputs(self) -> int:
        """Values per sample."""
        return math.prod(self.input_shape)

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return len(self.layers)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(layer.units for layer in self.layers)

    @property
    def weight_shapes(self) -> tuple[tuple[int, int], ...]:
        """One (inputs + 1, outputs) per dense layer, the output layer last; the last row is the bias."""
        sizes = (self.inputs, *self.widths, self.outputs)
        return tuple((before + 1, after) for before, after in itertools.pairwise(sizes))

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return sum(rows * columns for rows, columns in self.weight_shapes)

    @property
    def inference_flops(self) -> int:
        """Operations of one forward pass of one sample.

        Counted are the matrix products, a multiplication and an addition for each weight and each bias: two per
        parameter. Activations and the softmax are not counted.
        """
        return 2 * self.parameter_count

    @property
    def training_flops(self) -> int:
        """Operations of one sample's share of a training step.

        The forward pass, as much again for the gradient of the parameters, and for every layer but the first the
        gradient of its inputs (two per weight, none for biases). The optimizer and validation are not counted.
        """
        inner = sum((rows - 1) * columns for rows, columns in self.weight_shapes[1:])
        return 2 * self.inference_flops + 2 * inner

    def describe(self) -> str:
        """Say it in one line: "256-[128 relu, 64 tanh]-10", or "256-10" without hidden layers."""
        hidden = ", ".join(f"{layer.units} {layer.activation}" for layer in self.layers)
        return f"{self.inputs}-[{hidden}]-{self.outputs}" if hidden else f"{self.inputs}-{self.outputs}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with a format number."""
        return {
            "format": FORMAT,
            "input_shape": list(self.input_shape),
            "layers": [
                {"kind": "dense", "units": layer.units, "activation": layer.activation} for layer in self.layers
            ],
            "outputs": self.outputs,
        }

    @classmethod
    def from_json(cls, value: object) -> "Architecture":
        """Read what `to_json` wrote; anything else raises InvalidArchitecture."""
        fields = json_object(
            value,
            what="architecture",
            keys=("format", "input_shape", "layers", "outputs"),
            error=InvalidArchitecture,
        )
        check_format(fields, what="architecture", known=FORMAT, error=InvalidArchitecture)
        for key in ("input_shape", "layers"):
            if not isinstance(fields[key], list):
                raise InvalidArchitecture(f"architecture: {key} must be an array, got {type(fields[key]).__name__}")
        if len(fields["layers"]) > MAX_LAYERS:
            raise InvalidArchitecture(f"layers: {len(fields['layers'])} hidden layers, limit {MAX_LAYERS}")
        layers = tuple(_layer_from_json(layer, f"layers[{index}]") for index, layer in enumerate(fields["layers"]))
        return cls(tuple(fields["input_shape"]), layers, fields["outputs"])


def _layer_from_json(value: object, what: str) -> Dense:
    fields = json_object(value, what=what, keys=("kind", "units", "activation"), error=InvalidArchitecture)
    if fields["kind"] != "dense":
        raise InvalidArchitecture(f"{what}: unknown kind {fields['kind']!r}; known is dense"[:300])
    try:
        return Dense(fields["units"], fields["activation"])
    except InvalidArchitecture as error:
        raise InvalidArchitecture(f"{what}: {error}") from None
