"""Flat float32 vectors and a JSON header in one `.npz` file. Reading one can run no code and exhaust no memory.

Members are `header.json` and one `.npy` file per vector, all uncompressed, so that no member is larger than the file it
came in. The same content gives the same bytes.
"""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import CoreError

HEADER = "header.json"
FLOAT = np.dtype("<f4")
# A learning curve of 100,000 epochs takes about 7 MB.
MAX_HEADER_BYTES = 1 << 24
# The time stamp of every member: the earliest a zip file can state.
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)

# What zipfile, NumPy's header reader and json raise on damaged input; OSError comes from seeking to absurd offsets.
DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    ValueError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    struct.error,
)

Vector: TypeAlias = npt.NDArray[np.float32]


def write_archive(header: Mapping[str, Any], vectors: Mapping[str, Vector]) -> bytes:
    """Return the file's content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(HEADER), json.dumps(header, sort_keys=True))
        for name, vector in vectors.items():
            archive.writestr(_member(f"{name}.npy"), _npy_header(len(vector)) + vector.astype(FLOAT).tobytes())
    return buffer.getvalue()


class ArchiveReader:
    """Reads what `write_archive` wrote. `what` and `error` name the kind of file; `max_members` counts the header."""

    def __init__(
        self, *, what: str, error: type[CoreError], max_members: int, max_header_bytes: int = MAX_HEADER_BYTES
    ) -> None:
        self._what = what
        self._error = error
        self._max_members = max_members
        self._max_header_bytes = max_header_bytes

    def read(
        self, file: IO[bytes], lengths: Callable[[Mapping[str, Any]], Mapping[str, int]]
    ) -> tuple[Mapping[str, Any], dict[str, Vector]]:
        """Return the header and the vectors, whose names and lengths `lengths` tells from the header.

        `lengths` checks the header and may raise any named error of this package; sizes are compared with it before
        memory is taken. Vectors may be infinite but not NaN. Raises `error`.
        """
        try:
            self._check_directory(file)
            with zipfile.ZipFile(file) as archive:
                return self._read(archive, lengths)
        except self._error:
            raise
        except CoreError as error:
            raise self._error(f"{self._what}: {error}") from error
        except DAMAGE as error:
            raise self._error(f"{self._what} is damaged: {error}"[:300]) from error

    def _check_directory(self, file: IO[bytes]) -> None:
        """Look at the zip directory's own count before zipfile builds an object for each of its entries."""
        size = file.seek(0, os.SEEK_END)
        tail = min(size, 42)
        file.seek(size - tail)
        end = file.read(tail)
        if len(end) < 22 or end[-22:-18] != b"PK\x05\x06" or end[-2:] != b"\0\0":
            raise self._error(f"{self._what} is no .npz file, or its end is missing")
        if end[-42:-38] == b"PK\x06\x07":
            raise self._error(f"{self._what} uses the zip64 extension, which none needs")
        count, length = struct.unpack("<H", end[-12:-10])[0], struct.unpack("<I", end[-10:-6])[0]
        if count > self._max_members or length > 4096:
            raise self._error(f"{self._what} has {count} members, limit {self._max_members}")
        file.seek(0)

    def _read(
        self, archive: zipfile.ZipFile, lengths: Callable[[Mapping[str, Any]], Mapping[str, int]]
    ) -> tuple[Mapping[str, Any], dict[str, Vector]]:
        members = {info.filename: info for info in archive.infolist()}
        if len(members) != len(archive.infolist()):
            raise self._error(f"{self._what} has two members of one name")
        for info in members.values():
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
                raise self._error(f"{self._what}: {info.filename!r} is compressed or encrypted; expected neither")
        if HEADER not in members:
            raise self._error(f"{self._what}: {HEADER} is missing")
        if members[HEADER].file_size > self._max_header_bytes:
            raise self._error(f"{self._what}: {HEADER} is larger than {self._max_header_bytes} bytes")
        header = json.loads(archive.read(HEADER), object_pairs_hook=self._unique_fields)
        counts = lengths(header)
        expected = [HEADER, *(f"{name}.npy" for name in counts)]
        if members.keys() != set(expected):
            raise self._error(f"{self._what}: expected members {_names(expected)}, got {_names(members)}"[:500])
        for name, count in counts.items():
            size = len(_npy_header(count)) + count * FLOAT.itemsize
            if members[f"{name}.npy"].file_size != size:
                raise self._error(
                    f"{self._what}: {name}.npy has {members[f'{name}.npy'].file_size} bytes, expected {size}"
                )
        return header, {name: self._read_vector(archive, name, count) for name, count in counts.items()}

    def _read_vector(self, archive: zipfile.ZipFile, name: str, count: int) -> Vector:
        content = archive.read(f"{name}.npy")
        header = _npy_header(count)
        # The header is compared, not interpreted: there is exactly one right one.
        if content[: len(header)] != header:
            raise self._error(f"{self._what}: {name}.npy is not a float32 array of shape ({count},)")
        vector = np.frombuffer(content, FLOAT, offset=len(header)).astype(np.float32)
        if np.isnan(vector).any():
            raise self._error(f"{self._what}: {name}.npy holds NaN")
        return vector

    def _unique_fields(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise self._error(f"{self._what}: the header names a field twice")
        return fields


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH_OF_ZIP)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def _npy_header(count: int) -> bytes:
    """Return the header of a one-dimensional float32 array (NumPy's .npy format, version 1.0)."""
    text = f"{{'descr': '{FLOAT.str}', 'fortran_order': False, 'shape': ({count},), }}".encode()
    # Magic and lengths take 10 bytes; with the closing newline the whole is a multiple of 64.
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
