"""A network that was built: an architecture and its numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.architecture import ActivationName, Architecture
from core.arrays import Array, aligned
from core.chain import inference
from core.dataset import Standardization
from core.errors import InvalidDataset
from core.initializers import initialize_layer


class Network:
    """An architecture with its parameters, all zero at first.

    `parameters` is ONE flat float32 vector; `weights` are views into it, one (inputs + 1, units) per layer that
    has parameters, with the bias as last row. The optimizer, export and evolution then handle a network of any shape as
    one array.
    """

    def __init__(self, architecture: Architecture, *, standardization: Standardization | None = None) -> None:
        self.architecture = architecture
        self.standardization = standardization
        self.parameters: npt.NDArray[np.float32] = aligned((architecture.parameter_count,), np.float32)
        self.weights = weight_views(architecture, self.parameters)

    @property
    def standardization(self) -> Standardization | None:
        """What raw inputs go through first; None when the network takes them as they are."""
        return self._standardization

    @standardization.setter
    def standardization(self, value: Standardization | None) -> None:
        if value is not None and len(value.mean) != self.architecture.inputs:
            raise InvalidDataset(
                f"standardization for {len(value.mean)} inputs, the network has {self.architecture.inputs}"
            )
        self._standardization = value

    @property
    def activations(self) -> tuple[ActivationName, ...]:
        """The activation of each dense layer and convolution."""
        return self.architecture.activations

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw the first weights, as fits each layer; biases become 0."""
        owners = [stage.layer for stage in self.architecture.stages if stage.weight_shape is not None]
        for matrix, layer in zip(self.weights, owners, strict=True):
            initialize_layer(layer, matrix, rng=rng)

    def predict(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return class indices (n,) for raw inputs (n, *input_shape) or (n, inputs); the first of equals wins.

        Raises InvalidDataset for other shapes and for values that are not finite.
        """
        classes: npt.NDArray[np.int64] = self.logits(self._prepared(inputs)).argmax(axis=1)
        return classes

    def predict_probabilities(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return class probabilities (n, outputs) for raw inputs; shapes and errors as in `predict`."""
        logits = self.logits(self._prepared(inputs))
        with np.errstate(under="ignore"):
            exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities

    def logits(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return logits (n, outputs), a transposed view, for inputs (n, inputs) that were standardized already."""
        # Numbers that overflow come out as they are: the caller decides what a diverged network means.
        with np.errstate(all="ignore"):
            return inference(self.architecture, self.weights)(inputs)

    def _prepared(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        architecture = self.architecture
        array = np.asarray(inputs)
        if array.ndim < 2 or array.shape[1:] not in (architecture.input_shape, (architecture.inputs,)):
            raise InvalidDataset(
                f"expected inputs (n, *{architecture.input_shape}) or (n, {architecture.inputs}), got {array.shape}"
            )
        if array.dtype.kind not in "fiub":
            raise InvalidDataset(f"expected numbers, got {array.dtype.name}")
        with np.errstate(over="ignore"):
            flat = array.reshape(len(array), architecture.inputs).astype(np.float32, copy=False)
        if self.standardization is not None:
            flat = self.standardization.apply(flat)
        if flat.size and not (np.isfinite(flat.min()) and np.isfinite(flat.max())):
            raise InvalidDataset("inputs hold NaN, infinite or too large values")
        return flat

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled plainly, the views would arrive as copies that no longer share the vector.
        return _rebuilt, (self.architecture, np.asarray(self.parameters), self.standardization)


def weight_views(architecture: Architecture, vector: Array) -> tuple[Array, ...]:
    """Return one (inputs + 1, units) view per layer with parameters into a flat vector (or its gradient)."""
    views, start = [], 0
    for rows, columns in architecture.weight_shapes:
        views.append(vector[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    return tuple(views)


def _rebuilt(
    architecture: Architecture, parameters: npt.NDArray[np.float32], standardization: Standardization | None
) -> Network:
    network = Network(architecture, standardization=standardization)
    network.parameters[:] = parameters
    return network
