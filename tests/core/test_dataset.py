import pickle
from dataclasses import replace

import numpy as np
import pytest

from core.dataset import Dataset, Split, Standardization, Task, fingerprint
from core.errors import InvalidDataset
from tests.core.builders import blobs


def _split(inputs: object, targets: object) -> Split:
    return Split(np.asarray(inputs, np.float32), np.asarray(targets, np.int64))


def test_split_holds_read_only_views() -> None:
    inputs = np.zeros((2, 3), np.float32)
    split = Split(inputs, np.zeros(2, np.int64))

    assert len(split) == 2
    assert np.shares_memory(split.inputs, inputs)
    with pytest.raises(ValueError, match="read-only"):
        split.inputs[0] = 1


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros((2, 3)), np.zeros(2, np.int64), "expected float32, got float64"),
        (np.zeros((2, 3), np.float32), np.zeros(2), "expected int64, got float64"),
        (np.zeros((2, 3), np.float32), np.zeros(3, np.int64), r"got inputs \(2, 3\) and targets \(3,\)"),
        (np.zeros(3, np.float32), np.zeros(3, np.int64), "expected inputs"),
        (np.zeros((0, 3), np.float32), np.zeros(0, np.int64), "at least one row"),
        (np.full((2, 3), np.nan, np.float32), np.zeros(2, np.int64), "NaN or infinite"),
        (np.full((2, 3), -np.inf, np.float32), np.zeros(2, np.int64), "NaN or infinite"),
        ([[1.0]], np.zeros(1, np.int64), "expected a NumPy array, got list"),
    ],
)
def test_split_refuses(inputs: np.ndarray, targets: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidDataset, match=message):
        Split(inputs, targets)


def test_standardization_is_fitted_on_the_train_rows_only() -> None:
    dataset = blobs(rows=90)
    standardized = dataset.standardized()

    np.testing.assert_allclose(standardized.train.inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(standardized.train.inputs.std(axis=0), 1, rtol=1e-5)
    assert standardized.test is not None
    assert dataset.test is not None
    assert abs(standardized.validation.inputs.mean()) > 1e-4
    mean, deviation = dataset.train.inputs.mean(axis=0), dataset.train.inputs.std(axis=0)
    np.testing.assert_allclose(standardized.test.inputs, (dataset.test.inputs - mean) / deviation, rtol=1e-4, atol=1e-5)
    assert standardized.fingerprint == dataset.fingerprint
    assert standardized.standardized() is standardized


def test_constant_and_tiny_columns_stay_finite() -> None:
    column = np.array([0.1, 0.1, 0.1, 0.1], np.float32)
    denormal = np.array([0, 1e-42, 0, 1e-42], np.float32)
    below = np.array([0, 0, 0, 1e-45], np.float32)
    standardization = Standardization.fit(np.stack([column, denormal, below, column * 1e7], axis=1))

    assert standardization.scale[0] == 1
    assert (standardization.scale > 0).all()
    result = standardization.apply(np.stack([column, denormal, below, column * 1e7], axis=1))
    np.testing.assert_array_equal(result[:, 0], 0)
    np.testing.assert_array_equal(result[:, 3], 0)
    assert np.isfinite(result).all()


def test_columns_whose_differences_overflow_are_refused_by_name() -> None:
    extreme = _split([[3e38], [-3e38], [-3e38]], [0, 1, 0])
    dataset = Dataset("extreme", "classification", (1,), ("a", "b"), extreme, extreme, None, "0")

    with pytest.raises(InvalidDataset, match="NaN or infinite"):
        dataset.standardized()


def test_large_data_is_fitted_in_blocks() -> None:
    inputs = np.random.default_rng(0).standard_normal((9001, 3)).astype(np.float32) * 5 + 2
    standardization = Standardization.fit(inputs)

    np.testing.assert_allclose(standardization.mean, inputs.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(standardization.scale, inputs.std(axis=0, dtype=np.float64), rtol=1e-6)


def test_standardization_checks_shapes() -> None:
    standardization = Standardization(np.zeros(3, np.float32), np.ones(3, np.float32))

    with pytest.raises(InvalidDataset, match=r"expected inputs \(n, 3\), got \(2, 4\)"):
        standardization.apply(np.zeros((2, 4)))
    with pytest.raises(InvalidDataset, match="positive"):
        Standardization(np.zeros(3, np.float32), np.zeros(3, np.float32))
    with pytest.raises(InvalidDataset, match="finite"):
        Standardization(np.full(3, np.nan, np.float32), np.ones(3, np.float32))


def test_without_test() -> None:
    dataset = blobs()

    assert dataset.without_test().test is None
    assert dataset.without_test().without_test().train is dataset.train


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("task", "ranking", "task 'ranking' is unknown"),
        ("class_names", ("one",), "class_names"),
        ("class_names", ("a", "a", "b"), "class_names"),
        ("class_names", ("a", "b"), "targets go from 0 to 2, expected 0 to 1"),
        ("input_shape", (7,), r"train: expected inputs \(n, \*\(7,\)\)"),
        ("test", _split([[1.0]], [0]), "test: expected inputs"),
        ("standardization", Standardization(np.zeros(2, np.float32), np.ones(2, np.float32)), "expected 6 means"),
    ],
)
def test_dataset_refuses(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidDataset, match=message):
        replace(blobs(), **{field: value})  # type: ignore[arg-type]


def test_pickled_dataset_keeps_its_content() -> None:
    dataset = blobs().standardized()
    copy = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own bytes

    np.testing.assert_array_equal(copy.train.inputs, dataset.train.inputs)
    assert copy.fingerprint == dataset.fingerprint


def test_fingerprint_follows_content_not_layout() -> None:
    inputs, targets, names = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0, 1]), ("a", "b")
    base = fingerprint(inputs, targets, names)

    assert len(base) == 64
    assert fingerprint(np.asfortranarray(inputs), targets, names) == base
    assert fingerprint(inputs.astype(">f4"), targets.astype(">i8"), names) == base
    others = [
        fingerprint(inputs.reshape(3, 2), targets, names),
        fingerprint(inputs.astype(np.float64), targets, names),
        fingerprint(inputs + 1, targets, names),
        fingerprint(inputs, targets[::-1], names),
        fingerprint(inputs, targets, ("a", "c")),
    ]
    assert len({base, *others}) == 6


INPUTS = np.arange(12, dtype=np.float32).reshape(4, 3)


def _dataset(task: Task, names: tuple[str, ...], targets: np.ndarray) -> Dataset:
    split = Split(INPUTS, targets)
    return Dataset("small", task, (3,), names, split, split, split, "0")


def test_every_task_has_its_kind_of_targets() -> None:
    binary = _dataset("binary", ("no", "yes"), np.array([0, 1, 1, 0]))
    labels = _dataset("multi_label", ("a", "b", "c"), np.eye(4, 3).astype(np.int64))
    regression = _dataset("regression", ("price", "size"), INPUTS[:, :2].copy())

    assert (binary.outputs, labels.outputs, regression.outputs) == (1, 3, 2)
    assert binary.standardized().target_standardization is None


def test_regression_targets_are_standardized_on_the_train_rows() -> None:
    dataset = _dataset("regression", ("price",), np.array([[1e6], [3e6], [1e6], [3e6]], np.float32))
    standardized = dataset.standardized()

    assert standardized.train.targets.tolist() == [[-1], [1], [-1], [1]]
    assert standardized.target_standardization is not None
    assert standardized.target_standardization.mean.tolist() == [2e6]
    assert standardized.target_standardization.scale.tolist() == [1e6]
    assert standardized.standardized() is standardized


def test_float64_targets_keep_their_digits() -> None:
    # In float32 all four would be 1.6e9, give or take 64.
    targets = 1.6e9 + np.array([[0.0], [100.0], [-250.0], [3.0]])
    standardized = _dataset("regression", ("moment",), targets).standardized()
    units = standardized.target_standardization

    assert units is not None
    assert standardized.train.targets.dtype == np.float64
    assert units.restore(standardized.train.targets) == pytest.approx(targets[: len(standardized.train)], rel=1e-15)


def test_targets_beyond_what_networks_can_square_are_refused() -> None:
    with pytest.raises(InvalidDataset, match="larger unit"):
        _dataset("regression", ("a",), np.array([[1e31], [0.0], [1.0], [2.0]]))


def test_constant_regression_targets_become_zero() -> None:
    standardized = _dataset("regression", ("price",), np.full((4, 1), 7.3, np.float32)).standardized()

    assert not standardized.train.targets.any()


@pytest.mark.parametrize(
    ("task", "names", "targets", "message"),
    [
        ("binary", ("a", "b", "c"), np.array([0, 1, 1, 0]), "class_names must be 2 different names"),
        ("binary", ("a", "b"), np.array([0, 2, 1, 0]), "targets go from 0 to 2, expected 0 to 1"),
        ("binary", ("a", "b"), np.eye(4, 2).astype(np.int64), r"expected int64 targets \(n\), got int64 \(4, 2\)"),
        ("multi_label", ("a", "b"), np.array([0, 1, 1, 0]), r"expected int64 targets \(n, 2\), got int64 \(4,\)"),
        ("multi_label", ("a", "b"), 2 * np.eye(4, 2).astype(np.int64), "targets go from 0 to 2, expected 0 to 1"),
        ("regression", ("a",), np.array([0, 1, 1, 0]), r"expected float32 targets \(n, 1\), got int64"),
        (
            "regression",
            ("a",),
            np.zeros((4, 2), np.float32),
            r"expected float32 .*\(n, 1\), got float32 \(4, 2\)",
        ),
        ("regression", ("a",), np.full((4, 1), np.nan, np.float32), "targets hold NaN"),
        ("classification", ("a", "b"), np.zeros((4, 2), np.float32), r"expected int64 targets \(n\), got float32"),
    ],
)
def test_targets_of_another_task_are_refused(
    task: Task, names: tuple[str, ...], targets: np.ndarray, message: str
) -> None:
    with pytest.raises(InvalidDataset, match=message):
        _dataset(task, names, targets)


def test_target_standardization_is_for_regression() -> None:
    with pytest.raises(InvalidDataset, match="target_standardization is for regression"):
        replace(blobs(), target_standardization=Standardization(np.zeros(3, np.float32), np.ones(3, np.float32)))
