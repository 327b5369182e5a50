import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.architecture import ActivationName, Architecture
from core.dataset import TASKS, Dataset, Split, Task
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, Layer, LayerNormalization, MaxPooling
from core.memory import training_bytes
from core.replicates import group_size, train_replicates
from core.training import TrainingConfig
from tests.core.builders import random_architecture

BINARY_NAMES = ("no", "yes")


@dataclass(frozen=True)
class Case:
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    outputs: int
    rows: int
    validation_rows: int
    task: Task = "classification"
    replicates: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


def _split(case: Case, rows: int) -> Split:
    rng = np.random.default_rng(rows)
    targets: npt.NDArray[Any] = rng.integers(0, case.outputs, rows)
    if case.task == "binary":
        targets = rng.integers(0, 2, rows)
    elif case.task == "multi_label":
        targets = rng.integers(0, 2, (rows, case.outputs))
    elif case.task == "regression":
        targets = rng.standard_normal((rows, case.outputs)).astype(np.float32)
    return Split(rng.standard_normal((rows, *case.shape)).astype(np.float32), targets)


def _measured_over_told(case: Case) -> float:
    """Return the ratio of the peak that tracemalloc sees, to which NumPy reports its arrays, to the formula."""
    described = Architecture(case.shape, case.layers, case.outputs)
    config = TrainingConfig(**{"epochs": 2, "learning_rate": 0.0001, **case.settings})
    names = BINARY_NAMES if case.task == "binary" else tuple(map(str, range(case.outputs)))
    splits = _split(case, case.rows), _split(case, case.validation_rows)
    dataset = Dataset("random", case.task, case.shape, names, *splits, None, "random")
    # What is loaded and kept once, whatever is trained, is not the training's.
    train_replicates(described, dataset, TrainingConfig(epochs=1), seeds=[0])
    tracemalloc.start()
    try:
        train_replicates(described, dataset, config, seeds=range(case.replicates))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak / training_bytes(
        described,
        config,
        rows=case.rows,
        validation_rows=case.validation_rows,
        task=case.task,
        replicates=case.replicates,
    )


def _dense(*widths: int, activation: ActivationName = "relu") -> tuple[Layer, ...]:
    return tuple(Dense(width, activation) for width in widths)


IMAGE_LAYERS = (
    Convolution(16, 3, "relu", padding=1),
    Convolution(16, 3, "gelu", stride=2, padding=1),
    LayerNormalization(),
    AveragePooling(2, 2),
    Dropout(0.2),
    Flatten(),
    Dense(32, "tanh"),
)
SMALL_IMAGE_LAYERS = (MaxPooling(2, 2), Convolution(8, 3, "tanh"), MaxPooling(2, 2), Flatten())
VECTOR_LAYERS = (Dense(64, "relu"), LayerNormalization(), Dropout(0.1), Dense(64, "sigmoid"))
CASES = {
    "small": Case((64,), _dense(64, 64), 10, 1500, 300),
    "large": Case((784,), _dense(512, 256), 10, 500, 200, settings={"batch_size": 128}),
    "adamw": Case((256,), _dense(512), 10, 500, 200, settings={"optimizer": "adamw", "weight_decay": 0.01}),
    "adam with decay": Case((256,), _dense(512), 10, 500, 200, settings={"weight_decay": 0.01}),
    "sgd": Case((256,), _dense(512), 10, 500, 200, settings={"optimizer": "sgd"}),
    "many rows": Case((10,), _dense(16), 3, 20_000, 5000),
    "large batches": Case((64,), _dense(64, 64, activation="gelu"), 10, 3000, 1000, settings={"batch_size": 2048}),
    "many classes": Case((30,), _dense(64), 400, 2000, 1000),
    "weighted classes": Case((64,), _dense(64), 10, 5000, 500, settings={"class_weights": "balanced"}),
    "binary": Case((64,), _dense(64, 64), 1, 3000, 1000, "binary"),
    "multi-label": Case((30,), VECTOR_LAYERS, 6, 3000, 1000, "multi_label"),
    "regression": Case((30,), _dense(64, 64), 2, 3000, 1000, "regression"),
    "huber": Case((30,), VECTOR_LAYERS, 2, 3000, 1000, "regression", settings={"regression_loss": "huber"}),
    "images": Case((3, 16, 16), IMAGE_LAYERS, 10, 300, 100, settings={"optimizer": "adamw", "weight_decay": 0.1}),
    "small images": Case((16, 16), SMALL_IMAGE_LAYERS, 10, 1000, 300, settings={"batch_size": 512}),
    "stack of 8": Case((64,), _dense(64, 64), 10, 1500, 300, replicates=8),
    "stack of 8 with decay": Case(
        (256,), _dense(128), 10, 1000, 500, replicates=8, settings={"optimizer": "sgd", "weight_decay": 0.01}
    ),
    "stack that members leave": Case(
        (64,), _dense(64, 64), 10, 1500, 300, replicates=8, settings={"epochs": 8, "patience": 1, "learning_rate": 0.1}
    ),
    "replicates one by one": Case((784,), _dense(400), 10, 100, 50, replicates=3),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_measured_peaks_lie_within_a_fifth(case: Case) -> None:
    assert 0.8 <= _measured_over_told(case) <= 1.2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_peaks_of_random_networks_lie_within_a_fifth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    task = TASKS[seed % len(TASKS)]
    described = random_architecture(rng, outputs=1 if task == "binary" else None)
    settings = {"batch_size": int(rng.choice([32, 128, 500])), "weight_decay": float(rng.choice([0, 0.1]))}
    # Enough rows that arrays outweigh Python's own objects, even for three inputs.
    case = Case(described.input_shape, described.layers, described.outputs, 8000, 3000, task, settings=settings)

    assert 0.8 <= _measured_over_told(case) <= 1.2


def test_stacks_are_counted_as_they_train() -> None:
    config = TrainingConfig()
    small, large = (Architecture((784,), _dense(width), 10) for width in (16, 1024))

    assert group_size(small, "classification", config, 1000, 8) == 8
    assert group_size(small, "regression", config, 1000, 8) == 1
    assert group_size(large, "classification", config, 1000, 8) == 1

    for described, more in ((small, 7 * 6), (large, 7)):
        one, eight = (
            training_bytes(described, config, rows=1000, validation_rows=100, replicates=count) for count in (1, 8)
        )

        # Members have all the vectors of a training, replicates that are finished one each.
        assert eight - one >= more * 4 * described.parameter_count


def test_no_arrays_are_needed() -> None:
    huge = Architecture((2**16,), _dense(6000), 10)
    told = training_bytes(huge, TrainingConfig(), rows=10**9, validation_rows=10**8)
    tracemalloc.start()
    try:
        assert training_bytes(huge, TrainingConfig(), rows=10**9, validation_rows=10**8) == told
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()

    # 393 million parameters five times, and a billion rows of 65,537 numbers.
    assert told > 4 * (5 * 393_000_000 + 10**9 * 65_537)
