"""Which rows are equal: rows that a network could not tell apart get the same number."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.data.table import Numbers, RawColumn

# The finalizer of splitmix64 (Steele, Lea and Flood 2014), which spreads every bit over all others.
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


def equal_rows(columns: Sequence[RawColumn]) -> NDArray[np.int64]:
    """Number the rows (rows,) so that rows with the same cells in all columns have the same number.

    By 64-bit hashes: among a million rows, two that differ are taken for equal once in forty million data sets.
    """
    hashes = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        content = column.values + 0.0 if isinstance(column, Numbers) else column.codes
        if isinstance(column, Numbers):
            content = np.where(column.is_missing, np.nan, content)
        hashes = _mixed(hashes * _FIRST + _mixed(np.ascontiguousarray(content).view(np.uint64) + _STEP) + _STEP)
    return np.unique(hashes, return_inverse=True)[1].astype(np.int64)


def equal_images(images: NDArray[Any]) -> NDArray[np.int64]:
    """Number the images (rows, ...) so that equal ones have the same number."""
    places: dict[bytes, int] = {}
    digests = (hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    return np.array([places.setdefault(digest, len(places)) for digest in digests], np.int64)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return mixed
