"""Small networks and data for the tests."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.architecture import ACTIVATIONS, ActivationName, Architecture, Dense, Layer
from core.arrays import Array, aligned
from core.dataset import TASKS, Dataset, Split, Standardization, Task, fingerprint
from core.layers import AveragePooling, Convolution, Dropout, Flatten, LayerNormalization, MaxPooling, values
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


def random_architecture(rng: np.random.Generator, *, outputs: int | None = None) -> Architecture:
    """An image network or one on vectors, with layers of every kind; for tests that need many in one process."""

    def pick(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    activation: ActivationName = ACTIVATIONS[pick(0, 3)]
    layers: list[Layer] = []
    entry: tuple[int, ...] = (pick(2, 9),)
    shape = entry
    if rng.random() < 0.7:
        entry = (pick(1, 3), pick(4, 10), pick(4, 10)) if rng.random() < 0.5 else (pick(4, 10), pick(4, 10))
        shape = (1, *entry)[-3:]
        layers.append(Convolution(pick(1, 5), pick(1, 4), activation, pick(1, 2), 0))
        shape = layers[-1].output_shape(shape)
        for _ in range(pick(0, 3)):
            kernel = pick(1, 4)
            padding = pick(0, kernel - 1)
            size = pick(1, min(3, *shape[1:]))
            options: list[Layer] = [MaxPooling(size, pick(1, 3)), AveragePooling(size, pick(1, 3)), Dropout(0.3)]
            if kernel <= min(shape[1:]) + 2 * padding:
                options.append(Convolution(pick(1, 5), kernel, activation, pick(1, 3), padding))
            if values(shape) > 1:
                options.append(LayerNormalization())
            layers.append(options[pick(0, len(options) - 1)])
            shape = layers[-1].output_shape(shape)
        layers.append(Flatten())
        shape = (values(shape),)
    for _ in range(pick(0, 3)):
        layers.append(Dense(pick(2, 20), activation))
        if rng.random() < 0.3:
            layers.append(LayerNormalization() if rng.random() < 0.5 else Dropout(0.2))
    return Architecture(entry, tuple(layers), outputs or pick(2, 12))


def random_network(seed: int) -> Network:
    """A network of any task with random parameters and units, as if it had been trained."""
    rng = np.random.default_rng(seed)
    task: Task = TASKS[int(rng.integers(len(TASKS)))]
    described = random_architecture(rng, outputs=1 if task == "binary" else None)

    def units(count: int) -> Standardization | None:
        if rng.random() < 0.3:
            return None
        mean, scale = rng.standard_normal(count), rng.uniform(0.5, 2, count)
        return Standardization(mean.astype(np.float32), scale.astype(np.float32))

    of_targets = units(described.outputs) if task == "regression" else None
    network = Network(described, task=task, standardization=units(described.inputs), target_standardization=of_targets)
    network.initialize(rng)
    network.parameters += (0.05 * rng.standard_normal(network.parameters.shape)).astype(np.float32)
    return network


def exported_networks(count: int = 200) -> list[Network]:
    """Networks with every kind of layer, for every task; the outputs of every fourth are in the hundreds."""
    networks = [random_network(seed) for seed in range(count)]
    for network in networks[3::4]:
        network.weights[-1][:] *= 100
    return networks


def output_scale(network: Network, inputs: npt.NDArray[Any]) -> float:
    """Return the largest output, at least 1: what an exported network's rounding errors are measured by.

    Every program adds up a product's terms in an order of its own. That changes an output by some roundings, each in
    proportion to the terms; what a softmax or a sigmoid makes of it changes by no more.
    """
    outputs = network.logits(network._prepared(inputs))
    if network.target_standardization is not None:
        outputs = network.predict(inputs)
    return max(1.0, float(np.abs(outputs).max()))
