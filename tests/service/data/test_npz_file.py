import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.service.data.files import ROWS, npy, npy_with_header, npz_file, prepared, refused, zip_file

TARGETS = npy(np.arange(ROWS) % 2)


class Canary:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def with_x(folder: Path, content: bytes) -> Path:
    return zip_file(folder, {"X.npy": content, "y.npy": TARGETS})


def test_a_table_of_numbers(tmp_path: Path) -> None:
    result = prepared(npz_file(tmp_path))

    assert result.description.kind == "npz"
    assert [column.name for column in result.description.columns] == ["x1", "x2", "x3", "x4", "y"]
    assert result.description.class_names == ("0", "1", "2")
    assert result.inputs.shape == (ROWS, 4)


@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5)])
def test_images_keep_their_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((ROWS, *shape)).astype(np.float32)

    result = prepared(npz_file(tmp_path, X=images, y=np.arange(ROWS) % 3))

    assert result.description.input_shape == shape
    assert result.description.columns[0].type == "array"
    again = result.encoder.encode([{"X": images[0].tolist()}])
    assert (result.inputs == again[0]).reshape(ROWS, -1).all(axis=1).sum() == 1


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "f2", "i1", ">i4", "u2", "<u8", "?"])
def test_all_kinds_of_numbers_in_both_byte_orders(dtype: str, tmp_path: Path) -> None:
    numbers = (np.arange(ROWS * 2) % 2).reshape(ROWS, 2).astype(dtype)
    numbers[0] = [1, 1]

    result = prepared(npz_file(tmp_path, X=np.asfortranarray(numbers), y=np.arange(ROWS) % 2))

    assert sorted(np.unique(result.inputs)) == [0, 1]


def test_targets_may_be_texts_or_amounts(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(ROWS, 2))

    named = prepared(npz_file(tmp_path, X=inputs, y=np.array(["no", "yes"])[np.arange(ROWS) % 2])).description
    amounts = prepared(npz_file(tmp_path, X=inputs, y=inputs.sum(axis=1, keepdims=True) * 3)).description

    assert named.class_names == ("no", "yes")
    assert amounts.task == "regression"


def test_object_arrays_are_refused_and_nothing_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = np.array([[Canary(canary)]] * ROWS, object)

    refused(with_x(tmp_path, npy(evil, pickled=True)), "unacceptable", "object arrays are not accepted")

    assert not canary.exists()


def test_a_structured_array_with_objects_inside(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = np.array([(1.0, Canary(canary))] * ROWS, [("a", "<f8"), ("b", "O")])

    refused(with_x(tmp_path, npy(evil, pickled=True)), "unacceptable", "structured")

    assert not canary.exists()


@pytest.mark.parametrize("type_code", ["S5", "U5", "M8[s]", "V8", "c16"])
def test_arrays_of_something_else(type_code: str, tmp_path: Path) -> None:
    array = np.zeros((ROWS, 2), type_code)

    refused(with_x(tmp_path, npy(array)), "unacceptable", "X")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999, 999999999999999), }",
    ],
)
def test_a_header_that_lies(header: str, tmp_path: Path) -> None:
    refused(with_x(tmp_path, npy_with_header(header, bytes(80))), "unacceptable", "does not fit its 80 bytes")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-5, 4), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (5.0, 4), }",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (5,)}",
        "(" * 5_000,
        "",
    ],
)
def test_a_header_that_is_none(header: str, tmp_path: Path) -> None:
    refused(with_x(tmp_path, npy_with_header(header, bytes(80))), "unacceptable", "header of X is damaged")


def test_a_type_of_absurd_size(tmp_path: Path) -> None:
    header = "{'descr': '<f99999999', 'fortran_order': False, 'shape': (1, 1)}"

    refused(with_x(tmp_path, npy_with_header(header, bytes(80))), "unacceptable", "of the type <f99999999")


def test_a_header_of_a_megabyte(tmp_path: Path) -> None:
    refused(with_x(tmp_path, npy_with_header(" " * 1_000_000, version=2)), "unacceptable", "1,000,000 bytes", "10,000")


def test_an_array_that_is_cut_off(tmp_path: Path) -> None:
    refused(with_x(tmp_path, npy(np.zeros((ROWS, 3)))[:-8]), "unacceptable", "does not fit")


def test_more_bytes_than_the_header_says(tmp_path: Path) -> None:
    refused(with_x(tmp_path, npy(np.zeros((ROWS, 3))) + bytes(8)), "unacceptable", "does not fit")


@pytest.mark.parametrize("member", ["../X.npy", "X.npz", "Z.npy", "x.npy", "inner.zip"])
def test_other_members(member: str, tmp_path: Path) -> None:
    refused(zip_file(tmp_path, {"X.npy": npy(np.zeros((ROWS, 1))), member: TARGETS}), "unacceptable")


def test_a_nested_zip_file(tmp_path: Path) -> None:
    inner = zip_file(tmp_path, {"X.npy": TARGETS}).read_bytes()

    refused(zip_file(tmp_path, {"X.npy": inner, "y.npy": TARGETS}), "unacceptable", "X is not an array")


def test_more_arrays_than_two(tmp_path: Path) -> None:
    many = {f"a{number}.npy": b"" for number in range(70)}

    refused(zip_file(tmp_path, many), "unacceptable", "70 arrays", "X and y")


@pytest.mark.parametrize("name", ["X", "y"])
def test_a_missing_array_is_named(name: str, tmp_path: Path) -> None:
    other = "y" if name == "X" else "X"

    refused(npz_file(tmp_path, **{other: np.zeros(ROWS)}), "unacceptable", f"no array {name}", "numpy.savez")


@pytest.mark.parametrize(("x_shape", "y_shape"), [((ROWS,), (ROWS,)), ((ROWS, 2), (9,)), ((ROWS, 2), (ROWS, 2))])
def test_shapes_that_do_not_fit(x_shape: tuple[int, ...], y_shape: tuple[int, ...], tmp_path: Path) -> None:
    path = npz_file(tmp_path, X=np.zeros(x_shape), y=np.zeros(y_shape))

    refused(path, "unacceptable", str(x_shape), str(y_shape))


def test_empty_arrays(tmp_path: Path) -> None:
    refused(npz_file(tmp_path, X=np.zeros((0, 3)), y=np.zeros(0)), "unacceptable", "empty")


def test_more_columns_than_the_limit(tmp_path: Path) -> None:
    refused(npz_file(tmp_path, X=np.zeros((10, 2_001)), y=np.arange(10) % 2), "too-large", "2,001 columns", "2,000")


def test_images_above_the_limit(tmp_path: Path) -> None:
    path = npz_file(tmp_path, X=np.zeros((10, 101, 100), np.uint8), y=np.arange(10) % 2)

    refused(path, "too-large", "10,100 numbers", "10,000")


def test_images_with_holes(tmp_path: Path) -> None:
    images = np.zeros((ROWS, 4, 4))
    images[3, 0, 0] = np.nan

    refused(npz_file(tmp_path, X=images, y=np.arange(ROWS) % 2), "unacceptable", "1 images", "NaN")


def test_long_texts_are_no_classes(tmp_path: Path) -> None:
    path = npz_file(tmp_path, X=np.zeros((ROWS, 1)), y=np.array(["a" * 300, "b"] * (ROWS // 2)))

    refused(path, "unacceptable", "300 characters", "200")
