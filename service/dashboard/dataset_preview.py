"""What a data set looks like: its first rows as a table, or its first images as pictures."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.dashboard.pictures import picture_address
from service.data.built_in import BUILT_IN, BuiltIn
from service.data.built_in_rows import INPUT_NAMES, SHOWN_PICTURES, built_in_rows
from service.data.description import Cell, Description
from service.data.errors import DatasetUnavailable
from service.data.prepared_rows import first_rows
from service.dataset_intake import dataset_files, description_of
from service.settings import Settings
from service.store.entities import UploadedDataset

MOST_COLUMNS: Final = 40
"""Columns of the table; more of them tell a reader no more."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the data, as an address that holds it, and what it shows."""

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A look at a data set: either `rows` below `columns`, or `pictures`; `note` says why there is neither, or more."""

    caption: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    pictures: tuple[Picture, ...] = ()
    target: str | None = None
    hidden_columns: int = 0
    note: str = ""


def preview_of_built_in(name: str) -> Preview:
    """Return a look at a built-in data set."""
    known = BUILT_IN[name]
    try:
        inputs, labels = built_in_rows(name)
    except DatasetUnavailable as error:
        return Preview("", note=f"Its rows cannot be shown here: {error.reason}.")
    if len(known.input_shape) > 1:
        return Preview("Some of the images, with their classes", pictures=_pictures(inputs, labels))
    return _table_of_built_in(known, inputs, labels)


def preview_of_uploaded(dataset: UploadedDataset, settings: Settings) -> Preview:
    """Return a look at a data set that was made of a file."""
    known = description_of(dataset)
    if len(known.input_shape) == 1:
        names = tuple(column.name for column in known.columns)
        return _table("The first rows of the file", names, known.preview, known.target)
    try:
        inputs, targets = first_rows(dataset_files(settings).prepared_path(dataset.prepared_key), SHOWN_PICTURES)
    except DatasetUnavailable as error:
        return Preview("", note=f"Its rows cannot be shown here: {error.reason}.")
    return Preview(
        "Some of the training images, with what they are", pictures=_pictures(inputs, _labels(known, targets))
    )


def _table_of_built_in(known: BuiltIn, inputs: NDArray[np.float64], labels: tuple[str, ...]) -> Preview:
    target = known.class_names[0] if known.task == "regression" else "class"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*map(_number, row), label) for row, label in zip(inputs, labels, strict=True)
    )
    return _table("Some of the rows", (*INPUT_NAMES[known.name], target), rows, target)


def _table(caption: str, names: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], target: str) -> Preview:
    """Return a table whose first column is the target, wherever it stands in the data."""
    place = names.index(target) if target in names else 0
    order = [place, *(other for other in range(len(names)) if other != place)]
    shown = order[:MOST_COLUMNS]
    return Preview(
        caption,
        columns=tuple(names[column] for column in shown),
        rows=tuple(tuple(row[column] for column in shown) for row in rows),
        target=target,
        hidden_columns=len(order) - len(shown),
    )


def _pictures(inputs: NDArray[Any], labels: tuple[str, ...]) -> tuple[Picture, ...]:
    low, high = float(np.nanmin(inputs)), float(np.nanmax(inputs))
    return tuple(Picture(picture_address(one, low, high), label) for one, label in zip(inputs, labels, strict=True))


def _labels(known: Description, targets: NDArray[Any]) -> tuple[str, ...]:
    if known.task == "regression":
        return tuple(f"{float(target):g}" for target in targets.reshape(len(targets), -1)[:, 0])
    return tuple(known.class_names[int(target)] for target in targets)


def _number(value: Any) -> float:
    # Digits that float32 does not have are noise.
    return float(f"{float(value):.6g}")
