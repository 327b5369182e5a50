from pathlib import Path

import numpy as np
import pytest

from service.data.errors import DatasetUnavailable
from service.data.prepared import load_prepared, write_prepared
from service.data.prepared_rows import first_rows
from tests.service.data.files import csv_file, pictures_file, prepared


@pytest.mark.parametrize("make", [csv_file, pictures_file])
def test_the_first_rows_are_those_that_a_whole_reading_begins_with(make: object, tmp_path: Path) -> None:
    assert callable(make)

    made = prepared(make(tmp_path))
    path = tmp_path / "prepared.npz"
    write_prepared(path, made.description, made.encoder, made.inputs, made.targets)

    inputs, targets = first_rows(path, 4)
    whole, _ = load_prepared(path)

    assert np.array_equal(inputs, whole.train.inputs[:4])
    assert np.array_equal(targets, whole.train.targets[:4])
    assert len(first_rows(path, 10**6)[0]) == len(made.inputs)


@pytest.mark.parametrize("content", [None, b"", b"no zip file", b"PK\x03\x04"])
def test_a_missing_or_damaged_file_is_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "prepared.npz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DatasetUnavailable):
        first_rows(path, 4)


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    made = prepared(csv_file(tmp_path))
    path = tmp_path / "prepared.npz"
    write_prepared(path, made.description, made.encoder, made.inputs, made.targets)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(DatasetUnavailable):
        first_rows(path, 4)
