from pathlib import Path

import numpy as np
import pytest

from service.data.built_in import BUILT_IN
from service.data.errors import DatasetUnavailable
from service.data.prepared import load_dataset


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
        assert np.unique(split.targets).tolist() == list(range(len(built_in.class_names)))


@pytest.mark.slow
def test_the_sixteen_pixel_digits_are_the_five_thousand_of_mnist(directory: Path) -> None:
    dataset = load_dataset("digits-16x16", directory)

    assert dataset.test is not None
    targets = np.concatenate([dataset.train.targets, dataset.validation.targets, dataset.test.targets])
    assert np.bincount(targets).tolist() == [500] * 10


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
