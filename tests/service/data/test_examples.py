from pathlib import Path

import numpy as np
import pytest

from service.data import examples
from service.data.examples import built_in_examples, uploaded_examples
from service.data.prepared import load_dataset


def test_examples_are_validation_rows_one_of_each_class(tmp_path: Path) -> None:
    dataset = load_dataset("iris", tmp_path)
    found = built_in_examples("iris", tmp_path, dataset.fingerprint)

    assert found is not None
    assert [one.answer for one in found.rows] == list(dataset.class_names)
    assert (found.low, found.high) == (dataset.train.inputs.min(), dataset.train.inputs.max())
    for one in found.rows:
        places = np.flatnonzero((dataset.validation.inputs == one.row).all(axis=1))
        assert dataset.class_names[dataset.validation.targets[places[0]]] == one.answer


def test_targets_of_a_regression_are_told_as_numbers(tmp_path: Path) -> None:
    dataset = load_dataset("diabetes", tmp_path)
    found = built_in_examples("diabetes", tmp_path, dataset.fingerprint)

    assert found is not None
    assert [one.answer for one in found.rows] == [f"{target:.6g}" for target in dataset.validation.targets[:10, 0]]


def test_other_data_are_no_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint = load_dataset("iris", tmp_path).fingerprint

    assert built_in_examples("wine", tmp_path, fingerprint) is None
    assert built_in_examples("iris", tmp_path, "another") is None

    monkeypatch.setattr(examples, "MAX_BYTES", 100)

    assert built_in_examples("iris", tmp_path, fingerprint) is None


def test_damaged_files_are_no_examples(tmp_path: Path) -> None:
    path = tmp_path / "iris.npz"
    path.write_bytes(b"no arrays")

    assert built_in_examples("iris", tmp_path, "any") is None
    assert uploaded_examples(path, "any") is None
