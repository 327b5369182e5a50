"""Prepared data sets: read once, split, and kept as one `.npz` file each in the data directory.

Reading a package's text files takes seconds, the prepared file some milliseconds. The file is checked against
the fingerprint that it carries, and is made anew when it does not fit.
"""

import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.dataset import Dataset, Split, fingerprint
from core.errors import InvalidDataset
from service.data.breast_cancer import read_breast_cancer
from service.data.built_in import BUILT_IN, BuiltIn
from service.data.description import Description
from service.data.diabetes import read_diabetes
from service.data.digits import read_digits_8x8, read_digits_16x16
from service.data.encoder import Encoder
from service.data.errors import DatasetUnavailable
from service.data.iris import read_iris
from service.data.spirals import make_spirals
from service.data.split import quantile_bands, stratified_split
from service.data.wine import read_wine

Arrays = tuple[NDArray[np.float32], NDArray[Any]]

READERS: dict[str, Callable[[], Arrays]] = {
    "breast-cancer": read_breast_cancer,
    "diabetes": read_diabetes,
    "digits-16x16": read_digits_16x16,
    "digits-8x8": read_digits_8x8,
    "iris": read_iris,
    "spirals": make_spirals,
    "wine": read_wine,
}
PARTS = ("train", "validation", "test")
UNREADABLE: Final = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, InvalidDataset)
"""What reading a damaged prepared file raises."""

log = logging.getLogger(__name__)


def load_dataset(name: str, directory: Path) -> Dataset:
    """Return the built-in data set `name`, from `directory` if it was prepared there before.

    Inputs are not standardized. Raises DatasetUnavailable for an unknown name, and where
    the package that carries the data is not installed.
    """
    if name not in BUILT_IN:
        raise DatasetUnavailable(name, f"there are only {', '.join(sorted(BUILT_IN))}")
    dataset = stored_dataset(name, directory)
    if dataset is None:
        dataset = _prepare(BUILT_IN[name])
        _write_prepared(directory / f"{name}.npz", dataset)
    return dataset


def stored_dataset(name: str, directory: Path) -> Dataset | None:
    """Return the built-in data set `name` if it was prepared in `directory` before; nothing is read but that file."""
    path = directory / f"{name}.npz"
    return _read_prepared(path, BUILT_IN[name]) if path.exists() else None


def load_prepared(path: Path) -> tuple[Dataset, Encoder | None]:
    """Return a data set that was prepared from a user's file, and what encodes further rows alike.

    Its name is the file's, without the extension. A file of a built-in data set has no encoder and is not read here.
    Raises DatasetUnavailable where the file is missing or damaged.
    """
    try:
        # NumPy leaves files open that are no whole zip files; this one is closed here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            inputs, targets = stored["inputs"], stored["targets"]
            description = Description.from_json(json.loads(stored["description"].tobytes()))
            encoder = Encoder.from_json(json.loads(stored["encoder"].tobytes()))
        dataset = _of_parts(path.stem, description, inputs, targets)
    except UNREADABLE as error:
        reason = f"its prepared file is missing or damaged ({type(error).__name__}); upload it again"
        raise DatasetUnavailable(path.stem, reason) from error
    if fingerprint(inputs, targets, description.class_names) != description.fingerprint:
        raise DatasetUnavailable(path.stem, "its prepared file does not fit its fingerprint; upload it again")
    return dataset, encoder


def write_prepared(
    path: Path,
    description: Description,
    encoder: Encoder,
    inputs: NDArray[np.float32],
    targets: NDArray[Any],
) -> None:
    """Write a prepared data set, train rows first; `path` must be one that nobody reads yet."""
    texts = {"description": description.to_json(), "encoder": encoder.to_json()}
    encoded = {name: np.frombuffer(json.dumps(value).encode(), np.uint8) for name, value in texts.items()}
    with path.open("wb") as file:
        np.savez(file, inputs=inputs, targets=targets, description=encoded["description"], encoder=encoded["encoder"])
        file.flush()
        os.fsync(file.fileno())


def _of_parts(name: str, description: Description, inputs: NDArray[np.float32], targets: NDArray[Any]) -> Dataset:
    counts = description.split
    # Views, not copies: the whole may fill a good part of the memory.
    ends = np.cumsum([counts.train, counts.validation, counts.test])
    if len(inputs) != ends[-1]:
        raise ValueError("the rows do not add up")
    train, validation, test = (
        Split(inputs[start:end], targets[start:end]) for start, end in zip((0, *ends), ends, strict=False)
    )
    return Dataset(
        name=name,
        task=description.task,
        input_shape=description.input_shape,
        class_names=description.class_names,
        train=train,
        validation=validation,
        test=test,
        fingerprint=description.fingerprint,
    )


def _prepare(built_in: BuiltIn) -> Dataset:
    inputs, targets = READERS[built_in.name]()
    split = stratified_split(quantile_bands(targets) if built_in.task == "regression" else targets)
    return _dataset(built_in, {part: (inputs[rows], targets[rows]) for part, rows in split.items()})


def _dataset(built_in: BuiltIn, arrays: dict[str, Arrays]) -> Dataset:
    if built_in.task == "regression":
        # One column; a prepared file has it already.
        arrays = {part: (inputs, targets.reshape(-1, 1)) for part, (inputs, targets) in arrays.items()}
    train, validation, test = (Split(np.ascontiguousarray(arrays[part][0]), arrays[part][1]) for part in PARTS)
    content = fingerprint(
        np.concatenate([arrays[part][0] for part in PARTS]),
        np.concatenate([arrays[part][1] for part in PARTS]),
        built_in.class_names,
    )
    return Dataset(
        name=built_in.name,
        task=built_in.task,
        input_shape=built_in.input_shape,
        class_names=built_in.class_names,
        train=train,
        validation=validation,
        test=test,
        fingerprint=content,
    )


def _read_prepared(path: Path, built_in: BuiltIn) -> Dataset | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {part: (stored[f"{part}_inputs"], stored[f"{part}_targets"]) for part in PARTS}
            expected = str(stored["fingerprint"])
        dataset = _dataset(built_in, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged (%s) and will be made anew", path.name, type(error).__name__)
        return None
    if dataset.fingerprint != expected:
        log.warning("%s does not fit its fingerprint and will be made anew", path.name)
        return None
    return dataset


def _write_prepared(path: Path, dataset: Dataset) -> None:
    """Write to a temporary file and rename it, so that nobody ever reads half a file."""
    arrays = {
        f"{part}_{field}": getattr(getattr(dataset, part), field) for part in PARTS for field in ("inputs", "targets")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, fingerprint=np.array(dataset.fingerprint), **arrays)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
