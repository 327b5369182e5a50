"""Numerical edges: whatever a table holds, what comes out can be trained on, or is refused."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.dataset import Dataset, Split
from service.data.preparation import Prepared
from tests.service.data.files import csv_file, npz_file, parquet_file, prepared, refused, table_text


def dataset(result: Prepared) -> Dataset:
    counts = result.description.split
    ends = np.cumsum([0, counts.train, counts.validation, counts.test])
    train, validation, test = (Split(result.inputs[a:b], result.targets[a:b]) for a, b in pairwise(ends))
    return Dataset(
        name="d",
        task=result.description.task,
        input_shape=result.description.input_shape,
        class_names=result.description.class_names,
        train=train,
        validation=validation,
        test=test,
        fingerprint=result.description.fingerprint,
    )


def test_the_same_file_gives_the_same_data(tmp_path: Path) -> None:
    first, second = (prepared(csv_file(tmp_path)).description for _ in range(2))

    # Written down once: data prepared differently would make stored scores incomparable.
    assert first == second
    assert first.fingerprint[:12] == "a06b03ac6c56"
    assert prepared(csv_file(tmp_path), split_seed=1).description.fingerprint != first.fingerprint


def test_the_same_table_is_the_same_in_every_kind_of_file(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(80, 3))
    targets = np.arange(80) % 2
    lines = [",".join(map(repr, row)) + f",{target}" for row, target in zip(inputs.tolist(), targets, strict=True)]
    columns = {f"x{number + 1}": inputs[:, number] for number in range(3)}

    prints = {
        prepared(csv_file(tmp_path, "x1,x2,x3,y\n" + "\n".join(lines))).description.fingerprint,
        prepared(npz_file(tmp_path, X=inputs, y=targets)).description.fingerprint,
        prepared(parquet_file(tmp_path, {**columns, "y": targets})).description.fingerprint,
    }

    assert len(prints) == 1


def test_hostile_numbers_stay_finite_when_they_are_standardized(tmp_path: Path) -> None:
    rows = 60
    columns = {
        "constant": np.full(rows, 5.0),
        "nearly": np.where(np.arange(rows) == 3, 1e-12, 0.0),
        "empty": np.full(rows, np.nan),
        "infinite": np.where(np.arange(rows) % 3 == 0, np.inf, np.arange(rows)),
        "huge": np.geomspace(1e-300, 1e300, rows),
        "tiny": np.geomspace(1e-320, 1e-300, rows),
        "offset": 1.7e18 + np.arange(rows) % 7 * 1e4,
        "outlier": np.where(np.arange(rows) == 17, 1e308, np.arange(rows)),
        "kind": np.array(["a", "b"])[np.arange(rows) % 2],
    }

    result = prepared(parquet_file(tmp_path, columns))

    standard = dataset(result).standardized()
    assert standard.test is not None
    for split in (standard.train, standard.validation, standard.test):
        assert np.isfinite(split.inputs).all()


@pytest.mark.parametrize("rows", [10, 12, 20])
def test_very_few_rows(rows: int, tmp_path: Path) -> None:
    result = prepared(csv_file(tmp_path, table_text(rows)), task="classification")

    assert min(result.description.split.validation, result.description.split.test) >= 1


def test_a_single_column(tmp_path: Path) -> None:
    text = "a,kind\n" + "".join(f"{row % 13},{'xy'[row % 2]}\n" for row in range(60))

    assert dataset(prepared(csv_file(tmp_path, text))).input_shape == (1,)


def test_identical_rows(tmp_path: Path) -> None:
    text = "a,b,kind\n" + "".join(f"{1},{row // 59},{'xy'[row % 2]}\n" for row in range(60))

    codes = {finding.code for finding in prepared(csv_file(tmp_path, text)).description.findings}

    assert codes >= {"duplicates-across-split", "contradictions"}


def test_perfectly_separable_rows(tmp_path: Path) -> None:
    text = "a,kind\n" + "".join(f"{row % 2 * 100 + row / 7},{'xy'[row % 2]}\n" for row in range(60))

    assert dataset(prepared(csv_file(tmp_path, text))).standardized().train.inputs.shape == (36, 1)


def test_a_row_that_becomes_too_wide(tmp_path: Path) -> None:
    rows = 700
    values = np.random.default_rng(0).integers(100, size=(120, rows)).astype(str)
    columns: dict[str, list[str]] = {f"c{number}": [f"v{value}" for value in row] for number, row in enumerate(values)}
    columns["kind"] = ["xy"[row % 2] for row in range(rows)]

    refused(parquet_file(tmp_path, columns), "too-large", "numbers; the limit is 10,000")


def test_regression(tmp_path: Path) -> None:
    lines = table_text(200).splitlines()[1:]
    text = "length,width,color,price\n" + "".join(
        f"{line.rpartition(',')[0]},{row * 1.5}\n" for row, line in enumerate(lines)
    )

    result = prepared(csv_file(tmp_path, text))

    description = result.description
    assert (description.task, description.class_names, description.class_counts) == ("regression", ("price",), ())
    assert result.targets.dtype == np.float32
    assert result.targets.shape == (200, 1)
    assert (description.split.train, description.split.validation, description.split.test) == (120, 40, 40)
    assert dataset(result).standardized().target_standardization is not None


def test_missing_targets_do_not_move_the_other_columns(tmp_path: Path) -> None:
    lines = table_text(100).splitlines()
    holed = [line.rpartition(",")[0] + "," if row % 4 == 1 else line for row, line in enumerate(lines)]
    kept = [line for row, line in enumerate(lines) if row % 4 != 1]

    first = prepared(csv_file(tmp_path, "\n".join(holed)))
    second = prepared(csv_file(tmp_path, "\n".join(kept)))

    assert first.description.fingerprint == second.description.fingerprint
