"""A network that was built: an architecture and its numbers."""

from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from core.architecture import ActivationName, Architecture
from core.arrays import Array, aligned
from core.chain import inference
from core.dataset import TASKS, Standardization, Task
from core.errors import InvalidDataset
from core.forward_pass import ForwardPass, forward_pass
from core.initializers import initialize_layer


class Network:
    """An architecture with its parameters, all zero at first.

    `parameters` is ONE flat float32 vector; `weights` are views into it, one (inputs + 1, units) per layer that
    has parameters, with the bias as last row. The optimizer, export and evolution then handle a network of any shape as
    one array.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        task: Task = "classification",
        standardization: Standardization | None = None,
        target_standardization: Standardization | None = None,
    ) -> None:
        if task not in TASKS:
            raise InvalidDataset(f"task {task!r} is unknown; known are {', '.join(TASKS)}"[:300])
        if task == "binary" and architecture.outputs != 1:
            raise InvalidDataset(f"a binary task takes one output, the architecture has {architecture.outputs}")
        self.architecture = architecture
        self.task: Task = task
        self.standardization = standardization
        self.target_standardization = target_standardization
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
    def target_standardization(self) -> Standardization | None:
        """What turns a regression's outputs into predictions: times scale, plus mean."""
        return self._target_standardization

    @target_standardization.setter
    def target_standardization(self, value: Standardization | None) -> None:
        if value is not None and (self.task != "regression" or len(value.mean) != self.architecture.outputs):
            raise InvalidDataset(
                f"target standardization for {len(value.mean)} columns, the network is for {self.task} with "
                f"{self.architecture.outputs} outputs"
            )
        self._target_standardization = value

    @property
    def activations(self) -> tuple[ActivationName, ...]:
        """The activation of each dense layer and convolution."""
        return self.architecture.activations

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw the first weights, as fits each layer; biases become 0."""
        owners = [stage.layer for stage in self.architecture.stages if stage.weight_shape is not None]
        for matrix, layer in zip(self.weights, owners, strict=True):
            initialize_layer(layer, matrix, rng=rng)

    def predict(self, inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return predictions for raw inputs (n, *input_shape) or (n, inputs).

        Class indices int64 (n,) for classification (the first of equals wins) and binary; 0 or 1, int64 (n, labels),
        for multi_label; values float32 (n, outputs) in the targets' own units for regression. Raises InvalidDataset for
        other shapes and for values that are not finite.
        """
        return self.predict_prepared(self._prepared(inputs))

    def predict_prepared(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Return what `predict` returns, for inputs (n, inputs) that were standardized already."""
        return self.predictions_of(self.logits(inputs))

    def predictions_of(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Return what `predict` returns, for logits (n, outputs)."""
        match self.task:
            case "classification":
                classes: npt.NDArray[np.int64] = outputs.argmax(axis=1)
                return classes
            case "binary":
                return (outputs[:, 0] > 0).astype(np.int64)
            case "multi_label":
                return (outputs > 0).astype(np.int64)
            case "regression":
                if self.target_standardization is None:
                    return outputs
                return outputs * self.target_standardization.scale + self.target_standardization.mean
            case _:
                assert_never(self.task)

    def predict_probabilities(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return probabilities float32 for raw inputs; shapes and errors as in `predict`.

        (n, classes) for classification, (n, 2) for binary, (n, labels) of independent ones for multi_label. Regression
        has none: InvalidDataset.
        """
        if self.task == "regression":
            raise InvalidDataset("a network for regression gives values, no probabilities; use predict")
        return self.probabilities_of(self.logits(self._prepared(inputs)))

    def probabilities_of(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what `predict_probabilities` returns, for logits (n, outputs) of any task but regression."""
        with np.errstate(under="ignore"):
            if self.task == "classification":
                exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
                probabilities: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
                return probabilities
            # The tanh form of the sigmoid overflows nowhere.
            yes = np.tanh(logits * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5)
        return np.concatenate([1 - yes, yes], axis=1) if self.task == "binary" else yes

    def forward_pass(self, inputs: npt.NDArray[Any]) -> ForwardPass:
        """Return logits and what the hidden layers put out, for a few raw inputs; shapes and errors as in `predict`.

        Numbers that overflow come out as they are. Raises ValueError for more rows than one pass takes.
        """
        prepared = self._prepared(inputs)
        with np.errstate(all="ignore"):
            return forward_pass(self.architecture, self.weights, prepared)

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
        parts = (self.architecture, np.asarray(self.parameters), self.standardization)
        return _rebuilt, (*parts, self.task, self.target_standardization)


def weight_views(architecture: Architecture, vector: Array) -> tuple[Array, ...]:
    """Return one (inputs + 1, units) view per layer with parameters into a flat vector (or its gradient)."""
    views, start = [], 0
    for rows, columns in architecture.weight_shapes:
        views.append(vector[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    return tuple(views)


def _rebuilt(
    architecture: Architecture,
    parameters: npt.NDArray[np.float32],
    standardization: Standardization | None,
    task: Task = "classification",
    target_standardization: Standardization | None = None,
) -> Network:
    network = Network(
        architecture,
        task=task,
        standardization=standardization,
        target_standardization=target_standardization,
    )
    network.parameters[:] = parameters
    return network
