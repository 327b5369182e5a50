from pathlib import Path

import numpy as np
import pytest

from service.data.errors import InvalidFile
from service.data.partition import partition
from service.data.split import SPLIT_SEED, stratified_split
from service.data.table import Numbers
from tests.service.data.files import csv_file, prepared, refused, table_text


def test_without_equal_rows_it_is_the_stratified_split() -> None:
    classes = np.arange(100) % 3

    parts, findings = partition(classes, np.arange(100), None, seed=SPLIT_SEED)

    assert findings == []
    assert parts.kept_together
    plain = stratified_split(classes)
    assert [parts.train.tolist(), parts.validation.tolist(), parts.test.tolist()] == [
        plain[part].tolist() for part in ("train", "validation", "test")
    ]


def test_equal_rows_stay_on_one_side() -> None:
    equal = np.arange(200) // 2

    parts, _ = partition(np.zeros(200, np.int64), equal, None, seed=SPLIT_SEED)

    assert parts.kept_together
    assert (parts.counts.train, parts.counts.validation, parts.counts.test) == (120, 40, 40)
    sides = [set(equal[rows].tolist()) for rows in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 100


def test_too_many_equal_rows_are_split_like_others() -> None:
    # Three different rows only: kept together, a part would stay without rows.
    equal = np.arange(90) % 3

    parts, _ = partition(np.zeros(90, np.int64), equal, None, seed=SPLIT_SEED)

    assert not parts.kept_together
    assert (parts.counts.train, parts.counts.validation, parts.counts.test) == (54, 18, 18)


def test_a_group_stays_on_one_side(tmp_path: Path) -> None:
    lines = table_text(300).splitlines()
    text = "\n".join([lines[0] + ",patient", *(f"{line},p{row % 37}" for row, line in enumerate(lines[1:]))])

    result = prepared(csv_file(tmp_path, text), group_column="patient", target="kind")

    description = result.description
    assert description.columns[-1].type == "group"
    assert description.columns[-1].inputs == 0
    # The rows are found again by their numbers; no patient may be on two sides.
    counts = description.split
    ends = np.cumsum([counts.train, counts.validation, counts.test])
    patients = {
        (np.float32(line.split(",")[0]), np.float32(line.split(",")[1])): row % 37 for row, line in enumerate(lines[1:])
    }
    of_rows = np.array([patients[row[0], row[1]] for row in result.inputs])
    sides = [set(part.tolist()) for part in np.split(of_rows, ends[:-1])]
    assert sum(map(len, sides)) == 37


def test_few_groups_are_refused(tmp_path: Path) -> None:
    error = refused(csv_file(tmp_path), "unacceptable", "3 groups", "at least 5", group_column="color")

    assert error.field == "group_column"


def test_few_groups_of_different_size_are_divided_and_said() -> None:
    groups = Numbers("g", np.repeat([1.0, 2, 3, 4, 5], [50, 30, 30, 30, 5]))

    parts, findings = partition(np.zeros(145, np.int64), np.arange(145), groups, seed=SPLIT_SEED)

    assert [len(parts.train), len(parts.validation), len(parts.test)] == [110, 5, 30]
    assert [finding.code for finding in findings] == ["lopsided-split"]


def test_groups_that_are_too_large() -> None:
    groups = Numbers("g", np.repeat([1.0, 2, 3, 4, 5], [21, 21, 21, 21, 21]))

    parts, findings = partition(np.zeros(105, np.int64), np.arange(105), groups, seed=SPLIT_SEED)

    assert [len(parts.train), len(parts.validation), len(parts.test)] == [63, 21, 21]
    assert findings == []


def test_rows_without_a_group_are_groups_of_their_own() -> None:
    groups = Numbers("g", np.where(np.arange(100) % 2, np.nan, np.arange(100) % 10))

    parts, _ = partition(np.zeros(100, np.int64), np.arange(100), groups, seed=SPLIT_SEED)

    assert sum(map(len, (parts.train, parts.validation, parts.test))) == 100


def test_classes_too_small_for_any_test_row() -> None:
    with pytest.raises(InvalidFile, match="no class has five rows") as caught:
        partition(np.arange(12) // 4, np.arange(12), None, seed=SPLIT_SEED)

    assert caught.value.field == "target"


def test_another_seed_is_another_split() -> None:
    classes = np.zeros(100, np.int64)

    first, _ = partition(classes, np.arange(100), None, seed=1)
    second, _ = partition(classes, np.arange(100), None, seed=2)

    assert first.test.tolist() != second.test.tolist()
