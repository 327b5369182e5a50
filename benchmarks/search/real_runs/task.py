"""The data that the real runs search on, each with its training: two built-in data sets and one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from core.dataset import Dataset, Split, fingerprint
from core.training import TrainingConfig
from evolution.space import SearchSpace
from service.data.digits import MISSING_PACKAGE
from service.data.errors import DatasetUnavailable
from service.data.prepared import load_dataset
from service.data.split import stratified_split


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, standardized and with its test rows, and how a search trains its candidates."""

    dataset: Dataset
    training: TrainingConfig

    @property
    def space(self) -> SearchSpace:
        """The product's own bounds: 0 to 4 layers of 4 to 256 units, relu or tanh."""
        return SearchSpace(self.dataset.input_shape, self.dataset.outputs)

    @property
    def final_training(self) -> TrainingConfig:
        """The recipe of finalists and final arms, which is the product's: twice the epochs, a rate that falls."""
        return replace(self.training, epochs=2 * self.training.epochs)


def _built_in(name: str) -> Callable[[Path], Dataset]:
    return lambda cache: load_dataset(name, cache)


def read_breast_cancer(cache: Path) -> Dataset:  # noqa: ARG001 - it is read in a moment
    """Read scikit-learn's 569 rows of 30 numbers, split as the built-in data sets are; not standardized.

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise DatasetUnavailable("breast-cancer", MISSING_PACKAGE.format("scikit-learn")) from error
    table = load_breast_cancer()
    inputs, targets = table.data.astype(np.float32), table.target.astype(np.int64)
    names = tuple(str(name) for name in table.target_names)
    rows = stratified_split(targets)
    train, validation, test = (
        Split(inputs[rows[part]], targets[rows[part]]) for part in ("train", "validation", "test")
    )
    mark = fingerprint(inputs, targets, names)
    return Dataset("breast-cancer", "classification", inputs.shape[1:], names, train, validation, test, mark)


_TASKS: Mapping[str, tuple[Callable[[Path], Dataset], int]] = MappingProxyType(
    {
        "digits-16x16": (_built_in("digits-16x16"), 8),
        # The arms take longer than the product's 8 epochs, and few rows take more rounds.
        "spirals": (_built_in("spirals"), 30),
        "breast-cancer": (read_breast_cancer, 30),
    }
)
"""Who reads the data, and the epochs of a training."""

TASKS = tuple(_TASKS)


def load_task(name: str, cache: Path) -> Task:
    """Read the data of a task; raises DatasetUnavailable where the package that holds them is not installed."""
    read, epochs = _TASKS[name]
    return Task(read(cache).standardized(), TrainingConfig(epochs=epochs))
