from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from core.architecture import Architecture, Dense
from core.training import TrainingConfig, train
from service.data.built_in import BUILT_IN
from service.data.errors import DatasetUnavailable
from service.data.preparation import Prepared
from service.data.prepared import load_dataset, load_prepared, write_prepared
from service.data.target_fault import target_fault
from tests.service.data.files import csv_file, prepared


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("datasets")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_built_in_data_set_is_what_its_description_says(name: str, directory: Path) -> None:
    dataset = load_dataset(name, directory)

    built_in = BUILT_IN[name]
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == built_in.rows
    assert dataset.train.inputs.shape[1:] == built_in.input_shape == dataset.input_shape
    assert dataset.class_names == built_in.class_names
    assert dataset.standardization is None
    for split in (dataset.train, dataset.validation, dataset.test):
        assert split.inputs.dtype == np.float32
        if dataset.task == "regression":
            assert split.targets.dtype == np.float64
            assert split.targets.shape == (len(split), 1)
            continue
        assert np.unique(split.targets).tolist() == list(range(len(built_in.class_names)))


@pytest.mark.slow
def test_the_sixteen_pixel_digits_are_the_five_thousand_of_mnist(directory: Path) -> None:
    dataset = load_dataset("digits-16x16", directory)

    assert dataset.test is not None
    targets = np.concatenate([dataset.train.targets, dataset.validation.targets, dataset.test.targets])
    assert np.bincount(targets).tolist() == [500] * 10


def test_the_diabetes_patients_are_those_of_scikit_learn(tmp_path: Path) -> None:
    first = load_dataset("diabetes", tmp_path)
    again = load_dataset("diabetes", tmp_path)

    assert first.test is not None
    parts = [split.targets[:, 0] for split in (first.train, first.validation, first.test)]
    assert sorted(np.concatenate(parts).tolist()) == sorted(sklearn.datasets.load_diabetes().target.tolist())
    # Each part has patients of every tenth.
    assert np.ptp([part.mean() for part in parts]) < 2
    assert again.fingerprint == first.fingerprint
    assert target_fault(first) is None


def test_the_prepared_file_gives_the_same_data(tmp_path: Path) -> None:
    first = load_dataset("digits-8x8", tmp_path)
    again = load_dataset("digits-8x8", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["digits-8x8.npz"]
    assert again.fingerprint == first.fingerprint
    np.testing.assert_array_equal(again.train.inputs, first.train.inputs)


@pytest.mark.parametrize("damage", [b"", b"not a zip file", None])
def test_a_damaged_file_is_made_anew(damage: bytes | None, tmp_path: Path) -> None:
    whole = load_dataset("digits-8x8", tmp_path)
    path = tmp_path / "digits-8x8.npz"
    if damage is None:
        with np.load(path) as stored:
            arrays = dict(stored)
        arrays["train_inputs"][0, 0, 0] += 1
        np.savez(path, **arrays)
    else:
        path.write_bytes(damage)

    assert load_dataset("digits-8x8", tmp_path).fingerprint == whole.fingerprint


def test_an_unknown_data_set_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailable, match="digits-16x16"):
        load_dataset("nonsense", tmp_path)


@pytest.fixture
def uploaded(tmp_path: Path) -> tuple[Path, Prepared]:
    result = prepared(csv_file(tmp_path))
    path = tmp_path / "mine.npz"
    write_prepared(path, result.description, result.encoder, result.inputs, result.targets)
    return path, result


def test_an_uploaded_data_set_is_loaded_as_it_was_prepared(uploaded: tuple[Path, Prepared]) -> None:
    path, result = uploaded

    dataset, encoder = load_prepared(path)

    assert dataset.test is not None
    assert (dataset.name, dataset.task) == ("mine", "classification")
    assert dataset.class_names == result.description.class_names
    assert dataset.fingerprint == result.description.fingerprint
    parts = (dataset.train, dataset.validation, dataset.test)
    np.testing.assert_array_equal(np.concatenate([part.inputs for part in parts]), result.inputs)
    np.testing.assert_array_equal(np.concatenate([part.targets for part in parts]), result.targets)
    assert encoder == result.encoder


def test_a_search_can_train_on_it(uploaded: tuple[Path, Prepared]) -> None:
    dataset, _ = load_prepared(uploaded[0])
    architecture = Architecture(dataset.input_shape, (Dense(8, "tanh"),), dataset.outputs)

    training = train(architecture, dataset.standardized().without_test(), TrainingConfig(epochs=30), seed=0)

    assert training.score > 0.7


@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "changed", "other rows", "another format"])
def test_a_damaged_upload_is_named(damage: str, uploaded: tuple[Path, Prepared]) -> None:
    path, _ = uploaded
    with np.load(path) as stored:
        arrays = dict(stored)
    if damage == "absent":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        if damage == "changed":
            arrays["inputs"][0, 0] += 1
        elif damage == "other rows":
            arrays["inputs"] = arrays["inputs"][1:]
        else:
            arrays["description"] = np.frombuffer(b'{"format": 9}', np.uint8)
        np.savez(path, **arrays)

    with pytest.raises(DatasetUnavailable, match=r"mine cannot be read.*upload it again"):
        load_prepared(path)
