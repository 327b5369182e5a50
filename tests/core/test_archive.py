import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from core.archive import ArchiveReader, write_archive
from core.errors import CoreError, InvalidDataset, InvalidTrainingState


def _lengths(header: Mapping[str, Any]) -> dict[str, int]:
    if header["kind"] != "numbers":
        raise InvalidDataset("not numbers")
    return {"one": header["length"], "other": 2}


def _read(content: bytes) -> tuple[Mapping[str, Any], dict[str, np.ndarray]]:
    reader = ArchiveReader(what="numbers file", error=InvalidTrainingState, max_members=3, max_header_bytes=200)
    return reader.read(io.BytesIO(content), _lengths)


VECTORS = {"one": np.arange(3, dtype=np.float32), "other": np.array([np.inf, -0.0], np.float32)}


def test_round_trip_keeps_every_bit() -> None:
    content = write_archive({"kind": "numbers", "length": 3}, VECTORS)
    header, vectors = _read(content)

    assert header == {"kind": "numbers", "length": 3}
    assert {name: vector.tobytes() for name, vector in vectors.items()} == {
        name: vector.tobytes() for name, vector in VECTORS.items()
    }
    assert write_archive(header, vectors) == content


def test_errors_carry_the_reader_s_name_and_class() -> None:
    with pytest.raises(InvalidTrainingState, match="numbers file: not numbers"):
        _read(write_archive({"kind": "words", "length": 3}, VECTORS))
    with pytest.raises(InvalidTrainingState, match=r"numbers file: one.npy has .* expected"):
        _read(write_archive({"kind": "numbers", "length": 4}, VECTORS))
    with pytest.raises(InvalidTrainingState, match="larger than 200 bytes"):
        _read(write_archive({"kind": "numbers", "length": 3, "note": "x" * 300}, VECTORS))
    with pytest.raises(InvalidTrainingState, match="4 members, limit 3"):
        _read(write_archive({"kind": "numbers", "length": 3}, {**VECTORS, "third": VECTORS["one"]}))
    nan = write_archive({"kind": "numbers", "length": 3}, {**VECTORS, "one": np.full(3, np.nan, np.float32)})
    with pytest.raises(InvalidTrainingState, match=r"one.npy holds NaN"):
        _read(nan)


@pytest.mark.parametrize("length", [0, 30, 100, 200])
def test_truncated_is_refused(length: int) -> None:
    content = write_archive({"kind": "numbers", "length": 3}, VECTORS)
    with pytest.raises(CoreError):
        _read(content[:length])
