"""Files as users bring them, good ones and bad ones."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.data.description import ReadOptions
from service.data.errors import InvalidFile, Reason
from service.data.preparation import Prepared, prepare

ROWS = 60


def table_text(rows: int = ROWS) -> str:
    """Return a CSV table of two numbers, a category and a target that depends on them."""
    # The stream of RandomState is frozen by NumPy's promise; a fingerprint of this table is written down.
    rng = np.random.RandomState(3)
    lines = ["length,width,color,kind"]
    for _ in range(rows):
        length, width = rng.normal(size=2)
        color = ("red", "green", "blue")[int(rng.randint(3))]
        lines.append(f"{length:.4f},{width:.4f},{color},{'large' if length + width > 0 else 'small'}")
    return "\n".join(lines) + "\n"


def csv_file(folder: Path, content: str | bytes | None = None) -> Path:
    path = folder / "file"
    text = table_text() if content is None else content
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def parquet_file(folder: Path, columns: Mapping[str, Any] | None = None, **options: Any) -> Path:
    path = folder / "file"
    if columns is None:
        rng = np.random.default_rng(4)
        columns = {
            "a": rng.normal(size=ROWS),
            "b": rng.integers(100, size=ROWS),
            "color": rng.choice(["red", "green"], size=ROWS),
            "kind": rng.choice(["large", "small"], size=ROWS),
        }
    pq.write_table(pa.table(dict(columns)), path, **options)
    return path


def npz_file(folder: Path, **arrays: NDArray[Any]) -> Path:
    path = folder / "file"
    rng = np.random.default_rng(5)
    given = arrays or {"X": rng.normal(size=(ROWS, 4)), "y": rng.integers(3, size=ROWS)}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **given)
    return path


def npy(array: NDArray[Any], *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=pickled)
    return file.getvalue()


def npy_with_header(header: str, content: bytes = b"", *, version: int = 1) -> bytes:
    encoded = header.encode("latin-1")
    length = struct.pack("<H" if version == 1 else "<I", len(encoded))
    return b"\x93NUMPY" + bytes([version, 0]) + length + encoded + content


def picture(seed: int = 0, *, size: tuple[int, int] = (12, 12), mode: str = "L", kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(256, size=(*size[::-1], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def picture_members(per_class: int = 6) -> dict[str, bytes]:
    return {
        f"{folder}/{number}.png": picture(seed=100 * place + number)
        for place, folder in enumerate(("cats", "dogs"))
        for number in range(per_class)
    }


def zip_file(
    folder: Path, members: Mapping[str, bytes] | Sequence[tuple[Any, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    path = folder / "file"
    entries = list(members.items()) if isinstance(members, Mapping) else list(members)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def pictures_file(folder: Path, extra: Mapping[str, bytes] | None = None) -> Path:
    return zip_file(folder, {**picture_members(), **(extra or {})})


def png_of(width: int, height: int, *, depth: int = 8, color: int = 0) -> bytes:
    """Return a PNG of zeros whose rows are compressed as they are made, however large it is."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    squeezed = zlib.compressobj(9)
    row = b"\0" * (1 + (width * depth + 7) // 8)
    content = b"".join(squeezed.compress(row) for _ in range(height)) + squeezed.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def prepared(path: Path, **options: Any) -> Prepared:
    return prepare(path, ReadOptions(**options))


def refused(path: Path, reason: Reason, *said: str, **options: Any) -> InvalidFile:
    """Demand that the file is refused for this reason, by a message that says all this and keeps to the rules."""
    with pytest.raises(InvalidFile) as caught:
        prepared(path, **options)
    error = caught.value

    assert error.reason == reason, error.detail
    for part in said:
        assert part in error.detail
    # A few names of columns may be listed, each cut to 80 characters.
    assert len(error.detail) < 1_500
    assert error.detail.isprintable()
    assert str(path) not in error.detail
    assert str(path.parent) not in error.detail
    return error
