"""A network as a file: `.npz` with a JSON header and flat vectors (see `core.archive`).

The vectors are `parameters` and, when the network standardizes its inputs, `mean` and `scale`; for regression on
standardized targets also `target_mean` and `target_scale`.
"""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.architecture import Architecture
from core.archive import ArchiveReader, Vector, write_archive
from core.dataset import TASKS, Standardization
from core.errors import InvalidNetworkFile
from core.json_fields import check_format, json_object
from core.network import Network

# Format 1 knows classification only; what it can say is still written in it, so that earlier releases read it.
FIRST_FORMAT, FORMAT = 1, 2
MAX_MEMBERS = {FIRST_FORMAT: 4, FORMAT: 6}
MAX_HEADER_BYTES = 1 << 16


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
    header: dict[str, Any] = {
        "format": FIRST_FORMAT,
        "architecture": network.architecture.to_json(),
        "standardized": network.standardization is not None,
    }
    if network.task != "classification":
        header |= {
            "format": FORMAT,
            "task": network.task,
            "targets_standardized": network.target_standardization is not None,
        }
    vectors = {"parameters": network.parameters}
    for prefix, standardization in (("", network.standardization), ("target_", network.target_standardization)):
        if standardization is not None:
            vectors |= {f"{prefix}mean": standardization.mean, f"{prefix}scale": standardization.scale}
    return write_archive(header, vectors)


def from_bytes(content: bytes) -> Network:
    """Read what `to_bytes` returned; raises InvalidNetworkFile."""
    return _load(io.BytesIO(content))


def _load(file: IO[bytes]) -> Network:
    reader = ArchiveReader(
        what="network file",
        error=InvalidNetworkFile,
        max_members=max(MAX_MEMBERS.values()),
        max_header_bytes=MAX_HEADER_BYTES,
    )
    header, vectors = reader.read(file, _lengths)
    for name, vector in vectors.items():
        if not np.isfinite(vector).all():
            raise InvalidNetworkFile(f"network file: {name}.npy holds NaN or infinite values")
    try:
        network = Network(Architecture.from_json(header["architecture"]), task=header.get("task", "classification"))
        network.parameters[:] = vectors["parameters"]
        network.standardization = _standardization(vectors, "")
        network.target_standardization = _standardization(vectors, "target_")
    except ValueError as error:
        raise InvalidNetworkFile(f"network file: {error}"[:500]) from error
    return network


def _lengths(header: Mapping[str, Any]) -> dict[str, int]:
    """Check the header and return the length of each vector."""
    keys = ["format", "architecture", "standardized"]
    newer = isinstance(header, Mapping) and header.get("format") != FIRST_FORMAT
    if newer and isinstance(header, Mapping) and header.get("format") == FORMAT:
        keys += ["task", "targets_standardized"]
    fields = json_object(header, what="network file", keys=keys, error=InvalidNetworkFile)
    check_format(fields, what="network file", known=FORMAT, oldest=FIRST_FORMAT, error=InvalidNetworkFile)
    architecture = Architecture.from_json(fields["architecture"])
    for name in ("standardized", "targets_standardized"):
        if name in fields and type(fields[name]) is not bool:
            raise InvalidNetworkFile(f"network file: {name} must be true or false")
    if "task" in fields and fields["task"] not in TASKS:
        raise InvalidNetworkFile(f"network file: unknown task {fields['task']!r}"[:300])
    lengths = {"parameters": architecture.parameter_count}
    if fields["standardized"]:
        lengths |= {"mean": architecture.inputs, "scale": architecture.inputs}
    if fields.get("targets_standardized"):
        lengths |= {"target_mean": architecture.outputs, "target_scale": architecture.outputs}
    return lengths


def _standardization(vectors: Mapping[str, Vector], prefix: str) -> Standardization | None:
    if f"{prefix}mean" not in vectors:
        return None
    return Standardization(vectors[f"{prefix}mean"], vectors[f"{prefix}scale"])
