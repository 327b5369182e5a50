"""Small networks and data for the tests."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.architecture import ActivationName, Architecture, Dense
from core.arrays import Array, aligned
from core.dataset import Dataset, Split, Task, fingerprint
from core.network import Network, weight_views
from core.step import Batch, EpochBuffer, Gradient


def architecture(inputs: int, widths: Sequence[int], outputs: int, activation: ActivationName = "relu") -> Architecture:
    return Architecture((inputs,), tuple(Dense(width, activation) for width in widths), outputs)


def blobs(rows: int = 120, inputs: int = 6, classes: int = 3, seed: int = 0, spread: float = 0.5) -> Dataset:
    """One cloud of points per class: easy, but not trivial."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((classes, inputs))
    targets = rng.permutation(np.arange(rows) % classes)
    points = (centers[targets] + spread * rng.standard_normal((rows, inputs))).astype(np.float32)
    names = tuple(f"class {index}" for index in range(classes))
    third = rows // 3
    train, validation, test = (
        Split(points[start : start + third], targets[start : start + third]) for start in range(0, 3 * third, third)
    )
    digest = fingerprint(points, targets, names)
    return Dataset("blobs", "classification", (inputs,), names, train, validation, test, digest)


def images(rows: int = 120, shape: tuple[int, ...] = (6, 6), classes: int = 3, seed: int = 0) -> Dataset:
    """Blobs whose inputs are read as images."""
    flat = blobs(rows, math.prod(shape), classes, seed, spread=1.0)

    def shaped(split: Split) -> Split:
        return Split(split.inputs.reshape(-1, *shape), split.targets)

    train, validation = shaped(flat.train), shaped(flat.validation)
    return replace(flat, input_shape=shape, train=train, validation=validation, test=None)


def task_data(task: Task, rows: int = 150, inputs: int = 6, seed: int = 0) -> Dataset:
    """Data of every task that a linear function of the inputs decides, up to a little noise."""
    if task == "classification":
        return blobs(rows, inputs, seed=seed)
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((rows, inputs)).astype(np.float32)
    values = points @ rng.standard_normal((inputs, 2)) + 0.1 * rng.standard_normal((rows, 2))
    targets: npt.NDArray[Any] = (values > 0).astype(np.int64)
    names: tuple[str, ...] = ("one", "other")
    if task == "binary":
        targets = targets[:, 0].copy()
    elif task == "regression":
        targets = (1000 + 50 * values).astype(np.float32)
    third = rows // 3
    splits = [Split(points[start : start + third], targets[start : start + third]) for start in (0, third, 2 * third)]
    return Dataset(task, task, (inputs,), names, splits[0], splits[1], splits[2], fingerprint(points, targets, names))


class Bench:
    """One network's weights and gradient in any float type, with the batches of some data."""

    def __init__(
        self,
        described: Architecture,
        inputs: npt.NDArray[Any],
        targets: npt.NDArray[np.int64],
        batch_rows: int,
        dtype: npt.DTypeLike = np.float64,
        seed: int = 0,
    ) -> None:
        network = Network(described)
        network.initialize(np.random.default_rng(seed))
        self.activations = network.activations
        self.parameters: Array = aligned(network.parameters.shape, dtype)
        self.parameters[:] = network.parameters
        self.gradient = aligned(network.parameters.shape, dtype)
        self.weights = weight_views(described, self.parameters)
        self.gradients = weight_views(described, self.gradient)
        self.buffer = EpochBuffer(inputs, targets, described.outputs, batch_rows, dtype)
        self.buffer.shuffle(rng=np.random.default_rng(seed))
        self.batch_rows = batch_rows

    def gradient_of(self, batch: Batch) -> Array:
        """Return the gradient of the batch's summed loss."""
        Gradient(self.weights, self.gradients, self.activations, batch.rows)(batch)
        return self.gradient.copy()

    def loss_of(self, batch: Batch) -> float:
        """Return the batch's summed loss."""
        self.gradient_of(batch)
        return float((np.log(batch.sums[0]) - batch.target_logits).sum())


def random_rows(count: int, inputs: int, classes: int, seed: int = 0) -> tuple[Array, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, inputs)), rng.integers(0, classes, count)
