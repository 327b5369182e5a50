"""The first rows of a prepared data set, to be looked at: read without reading the others.

`np.load` reads whole arrays, up to 800 MB; here a prepared file is opened as the zip file that it is, and of each array
only the beginning is read.
"""

import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from service.data.errors import DatasetUnavailable
from service.data.prepared import UNREADABLE


def first_rows(path: Path, count: int) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return inputs and targets of the first `count` rows, which are training rows.

    `path` is a file that `write_prepared` wrote. Raises DatasetUnavailable where it is missing or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("inputs.npy") as member:
                inputs = _beginning(member, count)
            with archive.open("targets.npy") as member:
                targets = _beginning(member, count)
    except UNREADABLE as error:
        raise DatasetUnavailable(path.stem, "its prepared file is missing or damaged here") from error
    return inputs, targets


def _beginning(member: IO[bytes], count: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(member)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read_header(member)
    if by_columns or dtype.hasobject:
        raise ValueError("the rows do not lie one behind the other")
    rows = min(count, shape[0])
    content = member.read(rows * prod(shape[1:]) * dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(rows, *shape[1:])
