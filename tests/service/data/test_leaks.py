import numpy as np
import pytest

from service.data.description import ReadOptions
from service.data.leaks import find_leaks
from service.data.partition import partition
from service.data.split import SPLIT_SEED
from service.data.table import Numbers, RawColumn, Texts
from service.data.target import read_target

ROWS = 400
RNG = np.random.default_rng(8)
CLASSES = RNG.integers(3, size=ROWS)
AMOUNTS = RNG.normal(size=ROWS)


def leaks(target: RawColumn, *columns: RawColumn) -> list[tuple[str, ...]]:
    read = read_target(target, ReadOptions())
    parts, _ = partition(read.classes, np.arange(ROWS), None, seed=SPLIT_SEED)
    return [finding.columns for finding in find_leaks(list(columns), read, parts)]


def labels(codes: np.ndarray) -> Texts:
    return Texts("t", codes.astype(np.int64), ("a", "b", "c"))


def test_a_copy_of_the_class_is_a_leak() -> None:
    copy = Texts("copy", CLASSES.astype(np.int64), ("x", "y", "z"))

    assert leaks(labels(CLASSES), copy) == [("copy",)]


def test_numbers_that_belong_to_one_class_each_are_a_leak() -> None:
    coded = Numbers("coded", CLASSES * 10 + RNG.random(ROWS))

    assert leaks(labels(CLASSES), coded) == [("coded",)]


def test_missing_cells_may_tell_the_class() -> None:
    only_of_some = Numbers("left_at", np.where(CLASSES == 1, np.nan, RNG.random(ROWS)))
    target = labels((CLASSES == 1).astype(int))

    assert leaks(target, only_of_some) == [("left_at",)]


def test_a_good_column_is_no_leak() -> None:
    good = Numbers("good", CLASSES + 0.4 * RNG.normal(size=ROWS))
    noise = Numbers("noise", RNG.normal(size=ROWS))

    assert leaks(labels(CLASSES), good, noise) == []


def test_an_identifier_is_no_leak() -> None:
    # Each value belongs to one row and so to one class; of other rows that says nothing.
    identifier = Texts("id", np.arange(ROWS), tuple(f"n{row}" for row in range(ROWS)))

    assert leaks(labels(CLASSES), identifier) == []


def test_rare_classes_do_not_make_a_leak_of_a_constant_guess() -> None:
    rare = (np.arange(ROWS) % 100 == 0).astype(int)
    noise = Texts("noise", RNG.integers(2, size=ROWS), ("x", "y"))

    assert leaks(labels(rare), noise) == []


@pytest.mark.parametrize("formula", [lambda t: 3 * t + 1, lambda t: -t, np.exp, lambda t: np.where(t > 2.5, np.nan, t)])
def test_another_unit_of_the_amount_is_a_leak(formula: np.ufunc) -> None:
    assert leaks(Numbers("t", AMOUNTS), Numbers("copy", formula(AMOUNTS))) == [("copy",)]


def test_a_good_column_is_no_copy_of_the_amount() -> None:
    close = Numbers("close", AMOUNTS + 0.1 * RNG.normal(size=ROWS))

    assert leaks(Numbers("t", AMOUNTS), close, Texts("x", RNG.integers(2, size=ROWS), ("a", "b"))) == []


def test_irises_wines_and_tumors_have_no_leak() -> None:
    from sklearn.datasets import load_breast_cancer, load_iris, load_wine  # noqa: PLC0415

    for load in (load_iris, load_wine, load_breast_cancer):
        data = load()
        read = read_target(Numbers("t", data.target.astype(np.float64)), ReadOptions())
        parts, _ = partition(read.classes, np.arange(len(data.target)), None, seed=SPLIT_SEED)
        columns: list[RawColumn] = [Numbers(str(n), column) for n, column in enumerate(data.data.T)]

        assert find_leaks(columns, read, parts) == []
