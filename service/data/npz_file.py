"""Reads an NPZ file: X of numbers, (rows, columns) or images, and y, one target for each row.

The headers of arrays are read here by a pattern, not by NumPy, which evaluates them as Python literals.
"""

import re
import zipfile
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.data.archive import DAMAGED, damaged, opened_archive
from service.data.cells import is_missing
from service.data.errors import InvalidFile, shown
from service.data.limits import (
    MAX_ARRAYS,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_INPUTS,
    MAX_MEMBERS,
    MAX_NAME_CHARACTERS,
    MAX_NPY_HEADER_BYTES,
    MAX_PREPARED_VALUES,
    MAX_ROWS,
)
from service.data.table import Images, Numbers, RawColumn, Table, Texts

MEMBERS: Final = {"X.npy": "X", "x.npy": "X", "y.npy": "y"}
_MAGIC: Final = b"\x93NUMPY"
_HEADER: Final = re.compile(
    r"\{\s*'descr':\s*'(?P<type>[<>=|]?[A-Za-z]\d{0,8})',\s*'fortran_order':\s*(?P<fortran>True|False),\s*"
    r"'shape':\s*\((?P<shape>(?:\s*\d{1,15}L?\s*,?)*)\),?\s*\}\s*"
)
_BLOCK: Final = 1 << 20
_NUMERIC: Final = "biuf"
_MAX_SIDE: Final = 1_024


def read_npz(path: Path) -> Table | Images:
    """Read the arrays X and y. Two dimensions of X are a table, three or four images (rows, [channels,] height, width).

    Raises InvalidFile; nothing in the file is ever executed.
    """
    arrays: dict[str, NDArray[Any]] = {}
    with opened_archive(path, members=MAX_MEMBERS) as (archive, infos):
        if len(infos) > MAX_ARRAYS:
            raise InvalidFile("unacceptable", f"the NPZ file has {len(infos):,} arrays; exactly two are read, X and y")
        for info in infos:
            if info.filename not in MEMBERS or MEMBERS[info.filename] in arrays:
                detail = f"the NPZ file has an array {shown(info.filename)}; exactly two are read, X and y"
                raise InvalidFile("unacceptable", detail)
            name = MEMBERS[info.filename]
            arrays[name] = _array(archive, info, name)
    for name in ("X", "y"):
        if name not in arrays:
            raise InvalidFile(
                "unacceptable", f"the NPZ file has no array {name}; save it with numpy.savez(file, X=X, y=y)"
            )
    inputs, targets = arrays["X"], arrays["y"]
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if inputs.ndim not in (2, 3, 4) or targets.ndim != 1 or len(inputs) != len(targets):
        raise InvalidFile(
            "unacceptable",
            "X must be (rows, columns), (rows, height, width) or (rows, channels, height, width) and y (rows,); "
            f"they are {inputs.shape} and {targets.shape}",
        )
    target = _target(targets)
    return _table(inputs, target) if inputs.ndim == 2 else _images(inputs, target)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    try:
        with archive.open(info) as file:
            dtype, fortran, shape, header_bytes = _header(file, name)
            _check_size(dtype, shape, info.file_size - header_bytes, name)
            content = np.empty(prod(shape) * dtype.itemsize, np.uint8)
            view, at = content.data, 0
            while at < len(view):
                block = file.read(min(_BLOCK, len(view) - at))
                if not block:
                    raise damaged(None, info.filename)
                view[at : at + len(block)] = block
                at += len(block)
            # The last read compares the checksum.
            if file.read(1):
                raise damaged(None, info.filename)
    except DAMAGED as error:
        raise damaged(error, info.filename) from error
    array = content.view(dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(file: Any, name: str) -> tuple[np.dtype[Any], bool, tuple[int, ...], int]:
    """Return type, order, shape and the header's bytes (NumPy's format description, versions 1 to 3)."""
    start = file.read(8)
    if len(start) < 8 or start[:6] != _MAGIC or start[6] not in (1, 2, 3):
        raise InvalidFile("unacceptable", f"{name} is not an array of NumPy; save the file with numpy.savez")
    length_bytes = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(length_bytes), "little")
    if length > MAX_NPY_HEADER_BYTES:
        detail = f"the header of {name} has {length:,} bytes; the limit is {MAX_NPY_HEADER_BYTES:,}. Save it as a plain"
        raise InvalidFile("unacceptable", f"{detail} array of numbers")
    text = file.read(length).decode("latin-1")
    match = _HEADER.fullmatch(text)
    if match is None:
        if re.search(r"'descr':\s*\[", text):
            raise _unfit(name, "structured (several fields in one)")
        raise InvalidFile("unacceptable", f"the header of {name} is damaged; save the file with numpy.savez again")
    letter = match["type"].lstrip("<>=|")[0]
    if letter == "O":
        raise InvalidFile(
            "unacceptable",
            f"object arrays are not accepted, because they can run code, and {name} is one; save it as an array of "
            "numbers, for example X.astype(float)",
        )
    allowed = _NUMERIC + ("U" if name == "y" else "")
    if letter not in allowed:
        raise _unfit(name, f"of the type {match['type']}")
    try:
        dtype = np.dtype(match["type"])
    except TypeError as error:
        raise _unfit(name, f"of the type {match['type']}") from error
    shape = tuple(int(size.strip().rstrip("L")) for size in match["shape"].split(",") if size.strip())
    return dtype, match["fortran"] == "True", shape, 8 + length_bytes + length


def _unfit(name: str, what: str) -> InvalidFile:
    wanted = "numbers or texts" if name == "y" else "numbers"
    return InvalidFile("unacceptable", f"{name} is {what}; it must be an array of {wanted}")


def _check_size(dtype: np.dtype[Any], shape: tuple[int, ...], held: int, name: str) -> None:
    rows = shape[0] if shape else 1
    # Of a header that lies nothing is believed: what it says must be what the directory says.
    if prod(shape) * dtype.itemsize != held:
        detail = f"the header of {name} says {shape} of {dtype.str}, which does not fit its {max(held, 0):,} bytes"
        raise InvalidFile("unacceptable", f"{detail}; the file is damaged, save it again")
    if rows > MAX_ROWS:
        raise InvalidFile("too-large", f"{name} has {rows:,} rows; the limit is {MAX_ROWS:,}. Take a sample of them")
    if not prod(shape):
        raise InvalidFile("unacceptable", f"{name} is empty, {shape}; it needs rows")
    if prod(shape) > MAX_PREPARED_VALUES:
        detail = (
            f"{name} holds {prod(shape):,} numbers; the limit is {MAX_PREPARED_VALUES:,}. Take fewer rows or columns"
        )
        raise InvalidFile("too-large", detail)
    if dtype.kind == "U" and dtype.itemsize > 4 * MAX_NAME_CHARACTERS:
        detail = f"{name} holds texts of up to {dtype.itemsize // 4:,} characters; the limit is {MAX_NAME_CHARACTERS}"
        raise InvalidFile("unacceptable", f"{detail}. Shorten them")


def _target(targets: NDArray[Any]) -> RawColumn:
    if targets.dtype.kind != "U":
        return Numbers("y", targets.astype(np.float64))
    values, codes = np.unique(targets, return_inverse=True)
    texts = [str(value).strip() for value in values]
    distinct = sorted({text for text in texts if not is_missing(text)})
    places = {text: place for place, text in enumerate(distinct)}
    return Texts("y", np.array([places.get(text, -1) for text in texts], np.int64)[codes], tuple(distinct))


def _table(inputs: NDArray[Any], target: RawColumn) -> Table:
    if inputs.shape[1] > MAX_COLUMNS:
        detail = (
            f"X has {inputs.shape[1]:,} columns; the limit is {MAX_COLUMNS:,}. Images keep their shape: save them as"
        )
        raise InvalidFile("too-large", f"{detail} (rows, height, width)")
    if inputs.size > MAX_CELLS:
        detail = f"X has {inputs.size:,} cells; the limit is {MAX_CELLS:,}. Take fewer rows or columns"
        raise InvalidFile("too-large", detail)
    columns = tuple(
        Numbers(f"x{number + 1}", inputs[:, number].astype(np.float64)) for number in range(inputs.shape[1])
    )
    return Table("npz", (*columns, target))


def _images(inputs: NDArray[Any], target: RawColumn) -> Images:
    shape = inputs.shape[1:]
    values = prod(shape)
    if values > MAX_INPUTS or max(shape) > _MAX_SIDE:
        detail = f"a row of X has {values:,} numbers; the limit is {MAX_INPUTS:,}. Shrink the images"
        raise InvalidFile("too-large", detail)
    numbers = inputs.astype(np.float32)
    if not np.isfinite(numbers).all():
        bad = int((~np.isfinite(numbers)).reshape(len(numbers), -1).any(axis=1).sum())
        detail = f"{bad:,} images in X hold NaN or infinite numbers; replace them or leave these rows out"
        raise InvalidFile("unacceptable", detail)
    size = " x ".join(map(str, shape))
    return Images(
        kind="npz",
        name="X",
        values=numbers,
        target=target,
        preview=tuple((f"array {size}",) for _ in range(min(10, len(numbers)))),
        examples=(f"{size} from {numbers.min():g} to {numbers.max():g}",),
        use=f"as it is, {size} numbers",
    )
