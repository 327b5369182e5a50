"""A network as a file: `.npz` with a JSON header and flat arrays. Reading one can run no code and exhaust no memory.

Members are `header.json`, `parameters.npy` and, when the network standardizes its inputs, `mean.npy` and `scale.npy`;
all uncompressed, so that no member is larger than the file it came in. The same network gives the same bytes.
"""

import io
import json
import os
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.dataset import Standardization
from core.errors import CoreError, InvalidNetworkFile
from core.json_fields import check_format, json_object
from core.network import Network

FORMAT = 1
HEADER = "header.json"
FLOAT = np.dtype("<f4")
MAX_MEMBERS = 4
MAX_HEADER_BYTES = 1 << 16
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


def save_network(network: Network, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a network to a path (in place only when complete) or to a binary file object."""
    content = to_bytes(network)
    if not isinstance(file, str | os.PathLike):
        file.write(content)
        return
    path = Path(file)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def load_network(file: str | os.PathLike[str] | IO[bytes]) -> Network:
    """Read what `save_network` wrote, from a path or a seekable binary file object.

    Raises InvalidNetworkFile for anything else: names, types, shapes and sizes are checked before memory is taken for
    them. OSError means that the file itself could not be opened.
    """
    if isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as opened:
            return _load(opened)
    return _load(file)


def to_bytes(network: Network) -> bytes:
    """Return the file's content."""
    standardization = network.standardization
    header = {
        "format": FORMAT,
        "architecture": network.architecture.to_json(),
        "standardized": standardization is not None,
    }
    arrays = {"parameters": network.parameters}
    if standardization is not None:
        arrays |= {"mean": standardization.mean, "scale": standardization.scale}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(HEADER), json.dumps(header, sort_keys=True))
        for name, array in arrays.items():
            archive.writestr(_member(f"{name}.npy"), _npy_header(len(array)) + array.astype(FLOAT).tobytes())
    return buffer.getvalue()


def from_bytes(content: bytes) -> Network:
    """Read what `to_bytes` returned; raises InvalidNetworkFile."""
    return _load(io.BytesIO(content))


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


def _load(file: IO[bytes]) -> Network:
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            return _read(archive)
    except InvalidNetworkFile:
        raise
    except CoreError as error:
        raise InvalidNetworkFile(f"network file: {error}") from error
    except DAMAGE as error:
        raise InvalidNetworkFile(f"network file is damaged: {error}"[:300]) from error


def _check_directory(file: IO[bytes]) -> None:
    """Look at the zip directory's own count before zipfile builds an object for each of its entries."""
    size = file.seek(0, os.SEEK_END)
    tail = min(size, 42)
    file.seek(size - tail)
    end = file.read(tail)
    if len(end) < 22 or end[-22:-18] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise InvalidNetworkFile("network file is no .npz file, or its end is missing")
    if end[-42:-38] == b"PK\x06\x07":
        raise InvalidNetworkFile("network file uses the zip64 extension, which no exported network needs")
    count, length = struct.unpack("<H", end[-12:-10])[0], struct.unpack("<I", end[-10:-6])[0]
    if count > MAX_MEMBERS or length > 4096:
        raise InvalidNetworkFile(f"network file has {count} members, limit {MAX_MEMBERS}")
    file.seek(0)


def _read(archive: zipfile.ZipFile) -> Network:
    members = {info.filename: info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise InvalidNetworkFile("network file has two members of one name")
    for info in members.values():
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
            raise InvalidNetworkFile(f"network file: {info.filename!r} is compressed or encrypted; expected neither")
    if HEADER not in members:
        raise InvalidNetworkFile(f"network file: {HEADER} is missing")
    if members[HEADER].file_size > MAX_HEADER_BYTES:
        raise InvalidNetworkFile(f"network file: {HEADER} is larger than {MAX_HEADER_BYTES} bytes")
    fields = json_object(
        json.loads(archive.read(HEADER), object_pairs_hook=_unique_fields),
        what="network file",
        keys=("format", "architecture", "standardized"),
        error=InvalidNetworkFile,
    )
    check_format(fields, what="network file", known=FORMAT, error=InvalidNetworkFile)
    architecture = Architecture.from_json(fields["architecture"])
    if type(fields["standardized"]) is not bool:
        raise InvalidNetworkFile("network file: standardized must be true or false")
    lengths = {"parameters.npy": architecture.parameter_count}
    if fields["standardized"]:
        lengths |= {"mean.npy": architecture.inputs, "scale.npy": architecture.inputs}
    if members.keys() != {HEADER, *lengths}:
        raise InvalidNetworkFile(
            f"network file: expected members {_names([HEADER, *lengths])}, got {_names(members)}"[:500]
        )
    for name, count in lengths.items():
        expected = len(_npy_header(count)) + count * FLOAT.itemsize
        if members[name].file_size != expected:
            raise InvalidNetworkFile(f"network file: {name} has {members[name].file_size} bytes, expected {expected}")
    arrays = {name: _read_array(archive, name, count) for name, count in lengths.items()}
    network = Network(architecture)
    network.parameters[:] = arrays["parameters.npy"]
    if fields["standardized"]:
        network.standardization = Standardization(arrays["mean.npy"], arrays["scale.npy"])
    return network


def _read_array(archive: zipfile.ZipFile, name: str, count: int) -> npt.NDArray[np.float32]:
    content = archive.read(name)
    header = _npy_header(count)
    # The header is compared, not interpreted: there is exactly one right one.
    if content[: len(header)] != header:
        raise InvalidNetworkFile(f"network file: {name} is not a float32 array of shape ({count},)")
    values = np.frombuffer(content, FLOAT, offset=len(header)).astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidNetworkFile(f"network file: {name} holds NaN or infinite values")
    return values


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidNetworkFile("network file: the header names a field twice")
    return fields


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
