"""Trainings of every task and every kind of layer, from data to prediction."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import Architecture
from core.dataset import TASKS, Dataset, Split, Task
from core.errors import Diverged, InvalidTrainingConfig
from core.export import from_bytes, to_bytes
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, Layer, LayerNormalization, MaxPooling
from core.metrics import r2
from core.training import Epoch, TrainingConfig, can_stack, train
from tests.core.builders import architecture, blobs, images, task_data
from tests.core.strategies import architectures


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_every_task_learns(task: Task, optimizer: Any) -> None:
    raw = task_data(task)
    rate = 0.05 if optimizer == "sgd" else 0.02
    config = TrainingConfig(epochs=40, batch_size=8, optimizer=optimizer, learning_rate=rate, weight_decay=1e-3)
    result = train(architecture(6, [16], raw.outputs), raw.standardized(), config, seed=0)

    assert result.score > 0.85
    assert raw.test is not None
    predicted = result.network.predict(raw.test.inputs)
    if task == "regression":
        assert r2(predicted, raw.test.targets) > 0.85
        assert 900 < predicted.mean() < 1100
    else:
        assert np.mean(predicted == raw.test.targets) > 0.8


@pytest.mark.parametrize("task", TASKS)
def test_files_keep_the_task(task: Task) -> None:
    raw = task_data(task)
    network = train(architecture(6, [4], raw.outputs), raw.standardized(), TrainingConfig(epochs=1), seed=0).network
    copy = from_bytes(to_bytes(network))

    assert copy.task == task
    np.testing.assert_array_equal(copy.predict(raw.train.inputs), network.predict(raw.train.inputs))
    assert to_bytes(copy) == to_bytes(network)


def test_huber_learns_in_spite_of_outliers() -> None:
    raw = task_data("regression")
    targets = raw.train.targets.copy()
    targets[::10] += 5000
    spoiled = replace(raw, train=Split(raw.train.inputs, targets)).standardized()
    scores = {}
    for loss in ("squared_error", "huber"):
        config = TrainingConfig(epochs=60, batch_size=8, regression_loss=loss, huber_delta=0.05)
        network = train(architecture(6, [], 2), spoiled, config, seed=0).network
        scores[loss] = float(np.abs(network.predict(raw.validation.inputs) - raw.validation.targets).mean())

    assert scores["huber"] < scores["squared_error"] / 2


def _unbalanced() -> Dataset:
    """Two overlapping classes, nine rows of the first for one of the second."""
    rng = np.random.default_rng(0)
    targets = (np.arange(600) % 10 == 0).astype(np.int64)
    points = (0.8 * targets[:, np.newaxis] + rng.standard_normal((600, 3))).astype(np.float32)
    train_rows, validation_rows = Split(points[:400], targets[:400]), Split(points[400:], targets[400:])
    return Dataset("unbalanced", "classification", (3,), ("a", "b"), train_rows, validation_rows, None, "0")


@pytest.mark.parametrize("task", ["classification", "binary"])
def test_class_weights_find_the_rare_class(task: Task) -> None:
    dataset = replace(_unbalanced(), task=task).standardized()
    recalls = []
    for weights in (None, "balanced", (1.0, 9.0)):
        config = TrainingConfig(epochs=20, class_weights=weights)
        network = train(architecture(3, [], dataset.outputs), dataset, config, seed=0).network
        outputs = network.logits(dataset.validation.flat_inputs)
        predicted = outputs.argmax(axis=1) if task == "classification" else outputs[:, 0] > 0
        recalls.append(float(np.mean(predicted[dataset.validation.targets == 1])))

    assert min(recalls[1:]) > recalls[0] + 0.25


def test_label_smoothing_keeps_probabilities_apart_from_certainty() -> None:
    dataset = blobs(spread=0.1).standardized()
    sure = []
    for smoothing in (0.0, 0.3):
        config = TrainingConfig(epochs=30, batch_size=8, learning_rate=0.05, label_smoothing=smoothing)
        network = train(architecture(6, [16], 3), dataset, config, seed=0).network
        logits = network.logits(dataset.validation.flat_inputs).astype(np.float64)
        sure.append(float((np.exp(logits.max(axis=1)) / np.exp(logits).sum(axis=1)).mean()))

    assert sure[0] > 0.98
    assert 0.7 < sure[1] < 0.9


def test_smoothing_zero_and_equal_weights_are_the_plain_loss() -> None:
    dataset = blobs().standardized()
    plain = train(architecture(6, [8], 3), dataset, TrainingConfig(epochs=3), seed=0)
    weighted = train(architecture(6, [8], 3), dataset, TrainingConfig(epochs=3, class_weights=(1.0, 1.0, 1.0)), seed=0)

    np.testing.assert_allclose(weighted.network.parameters, plain.network.parameters, rtol=1e-3, atol=1e-4)
    for one, other in zip(plain.curve, weighted.curve, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-5)


def test_class_weights_must_fit() -> None:
    with pytest.raises(InvalidTrainingConfig, match="2 numbers for 3 classes"):
        train(architecture(6, [], 3), blobs(), TrainingConfig(class_weights=(1.0, 2.0)), seed=0)
    with pytest.raises(InvalidTrainingConfig, match="the dataset is regression"):
        train(architecture(6, [], 2), task_data("regression"), TrainingConfig(class_weights="balanced"), seed=0)


IMAGE_LAYERS: list[tuple[Layer, ...]] = [
    (Convolution(4, 3, "relu", padding=1), Flatten()),
    (Convolution(4, 3, "tanh", stride=2), AveragePooling(2, 1), Flatten(), Dense(8, "tanh")),
    (Convolution(4, 2, "gelu"), LayerNormalization(), MaxPooling(2, 2), Flatten(), Dropout(0.1)),
    (MaxPooling(2, 2), Flatten(), Dense(8, "relu")),
]


@pytest.mark.parametrize("layers", IMAGE_LAYERS)
def test_every_kind_of_layer_learns(layers: tuple[Layer, ...]) -> None:
    dataset = images(rows=300).standardized()
    result = train(Architecture((6, 6), layers, 3), dataset, TrainingConfig(epochs=12, batch_size=16), seed=0)

    # A third is chance.
    assert result.score > 0.6
    assert result.curve[-1].train_loss < result.curve[0].train_loss


def test_dropout_depends_on_the_seed_alone() -> None:
    described = Architecture((6,), (Dense(16, "relu"), Dropout(0.5)), 3)
    dataset, config = blobs().standardized(), TrainingConfig(epochs=3)
    first, twin, other = (train(described, dataset, config, seed=seed).network for seed in (1, 1, 2))

    assert first.parameters.tobytes() == twin.parameters.tobytes()
    assert first.parameters.tobytes() != other.parameters.tobytes()


@given(
    described=architectures(),
    task=st.sampled_from(TASKS),
    scale=st.sampled_from([1e-42, 1e-20, 1.0, 1e6, 1e19, 3e38]),
    rate=st.sampled_from([1e-6, 0.01, 1.0, 1000.0]),
    optimizer=st.sampled_from(["sgd", "adam", "adamw"]),
    clip=st.sampled_from([None, 1.0]),
)
@settings(deadline=None, max_examples=60)
def test_finite_or_a_named_failure(
    described: Architecture, task: Task, scale: float, rate: float, optimizer: Any, clip: float | None
) -> None:
    """Any network, any task, inputs from denormal to the largest, rates that diverge: never NaN outside."""
    rng = np.random.default_rng(0)
    outputs = 1 if task == "binary" else max(described.outputs, 2 if task == "classification" else 1)
    described = Architecture(described.input_shape, described.layers, outputs)
    with np.errstate(over="ignore"):
        points = np.clip(scale * rng.standard_normal((12, *described.input_shape)), -3e38, 3e38).astype(np.float32)
    points[:, ..., 0] = 1
    targets: Any = rng.integers(0, 2, 12)
    if task in ("multi_label", "regression"):
        targets = rng.integers(0, 2, (12, outputs))
    if task == "regression":
        targets = (1e6 * targets).astype(np.float32)
    names = tuple(map(str, range(2 if task == "binary" else outputs)))
    split = Split(points, targets)
    dataset = Dataset("any", task, described.input_shape, names, split, split, None, "0")
    config = TrainingConfig(epochs=2, batch_size=5, optimizer=optimizer, learning_rate=rate, clip_norm=clip)
    try:
        result = train(described, dataset, config, seed=0)
        curve, parameters = result.curve, result.network.parameters
    except Diverged as error:
        curve, parameters = error.curve, np.zeros(0, np.float32)

    assert all(_finite(epoch) for epoch in curve)
    assert np.isfinite(parameters).all()


def _finite(epoch: Epoch) -> bool:
    return all(map(math.isfinite, (epoch.train_loss, epoch.validation_loss, epoch.validation_score)))


def test_the_metric_chooses_the_best_epoch_and_nothing_else() -> None:
    data = task_data("classification").standardized()
    plain = TrainingConfig(epochs=6)
    accuracy = train(architecture(6, [8], 3), data, plain, seed=1)
    balanced = train(architecture(6, [8], 3), data, replace(plain, metric="balanced_accuracy"), seed=1)
    named = train(architecture(6, [8], 3), data, replace(plain, metric="accuracy"), seed=1)

    assert [epoch.train_loss for epoch in balanced.curve] == [epoch.train_loss for epoch in accuracy.curve]
    assert balanced.score == max(epoch.validation_score for epoch in balanced.curve)
    assert balanced.score != accuracy.score
    assert named.curve == accuracy.curve
    # A stack counts right answers only.
    assert can_stack(architecture(6, [8], 3), "classification", replace(plain, metric="accuracy"))
    assert not can_stack(architecture(6, [8], 3), "classification", replace(plain, metric="balanced_accuracy"))
    with pytest.raises(InvalidTrainingConfig, match="r2"):
        train(architecture(6, [8], 3), data, replace(plain, metric="r2"), seed=1)
