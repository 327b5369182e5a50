"""A few validation rows of a data set, for people who want to show a network something it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.dataset import Dataset
from service.data.built_in import BUILT_IN
from service.data.errors import DatasetUnavailable
from service.data.prepared import load_prepared, stored_dataset

MAX_EXAMPLES: Final = 10
MAX_BYTES: Final = 64_000_000
"""A file that is larger would take too long to read for a few rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A validation row as it is in the data, float32 in the shape of the input, and its answer in words."""

    row: NDArray[np.float32]
    answer: str


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Examples, for classes one of each, and the least and the largest number of the training rows."""

    rows: tuple[Example, ...] = ()
    low: float = 0.0
    high: float = 1.0


def built_in_examples(name: str, directory: Path, fingerprint: str | None) -> Examples | None:
    """Return examples of a built-in data set; None where it does not lie in `directory` as the job had it."""
    return _examples(directory / f"{name}.npz", name, fingerprint)


def uploaded_examples(path: Path, fingerprint: str | None) -> Examples | None:
    """Return examples of a user's data set; None where its prepared file is away, too large, or another one."""
    return _examples(path, None, fingerprint)


def _examples(path: Path, built_in: str | None, fingerprint: str | None) -> Examples | None:
    try:
        known = path.stat()
    except OSError:
        return None
    if known.st_size > MAX_BYTES:
        return None
    read = _read(path, built_in, known.st_mtime_ns)
    return read[1] if read is not None and read[0] == fingerprint else None


@lru_cache(maxsize=32)
def _read(path: Path, built_in: str | None, changed: int) -> tuple[str, Examples] | None:  # noqa: ARG001 - a key
    try:
        dataset = load_prepared(path)[0] if built_in is None else stored_dataset(BUILT_IN[built_in].name, path.parent)
    except DatasetUnavailable:
        return None
    if dataset is None:
        return None
    inputs = dataset.train.inputs
    rows = tuple(_example(dataset, place) for place in _places(dataset))
    return dataset.fingerprint, Examples(rows, float(inputs.min()), float(inputs.max()))


def _places(dataset: Dataset) -> Sequence[int]:
    """Return the first validation row of each class, or the first rows of all."""
    targets = dataset.validation.targets
    if dataset.task != "classification":
        return range(min(MAX_EXAMPLES, len(targets)))
    _, first = np.unique(targets, return_index=True)
    return [int(place) for place in first[:MAX_EXAMPLES]]


def _example(dataset: Dataset, place: int) -> Example:
    inputs, target = dataset.validation.inputs[place], dataset.validation.targets[place]
    return Example(np.array(inputs, np.float32).reshape(dataset.input_shape), _answer(dataset, target))


def _answer(dataset: Dataset, target: Any) -> str:
    if dataset.task == "classification":
        return dataset.class_names[int(target)]
    return f"{float(np.ravel(target)[0]):.6g}"
