from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.data.description import ReadOptions
from service.data.table import Numbers, Texts
from service.data.target import read_target, target_name
from tests.service.data.files import csv_file, prepared, refused


def numbers(*values: float) -> Numbers:
    return Numbers("t", np.array(values, np.float64))


def texts(*values: str) -> Texts:
    distinct = tuple(dict.fromkeys(values))
    return Texts("t", np.array([distinct.index(value) for value in values]), distinct)


def target_csv(labels: list[Any]) -> str:
    return "n,t\n" + "".join(f"{row % 13},{label}\n" for row, label in enumerate(labels))


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (("a", "b"), "b"),
        (("Target", "b"), "Target"),
        (("y", "label", "b"), "label"),
        (("class", "b", "c"), "class"),
    ],
)
def test_the_target_is_guessed(names: tuple[str, ...], target: str) -> None:
    assert target_name(names, ReadOptions()) == target


def test_the_guess_keeps_off_columns_with_another_role() -> None:
    assert target_name(("a", "b", "c"), ReadOptions(group_column="c", ignored_columns=("b",))) == "a"


@pytest.mark.parametrize("option", ["target", "group_column", "text_columns", "ignored_columns"])
def test_a_column_that_is_not_there(option: str, tmp_path: Path) -> None:
    wanted = ("absent",) if option.endswith("s") else "absent"

    error = refused(csv_file(tmp_path), "unacceptable", "'absent'", "'length'", **{option: wanted})

    assert error.field == option


@pytest.mark.parametrize(
    "options", [{"group_column": "kind"}, {"text_columns": ("kind",)}, {"ignored_columns": ("kind",)}]
)
def test_the_target_has_no_other_role(options: dict[str, Any], tmp_path: Path) -> None:
    assert refused(csv_file(tmp_path), "unacceptable", "'kind'", target="kind", **options).field == "target"


def test_amounts_are_regression_and_few_whole_numbers_are_classes() -> None:
    amounts = read_target(numbers(*(row / 7 for row in range(60))), ReadOptions())
    counts = read_target(numbers(*(row % 3 for row in range(60))), ReadOptions())
    many = read_target(numbers(*range(60)), ReadOptions())

    assert (amounts.task, amounts.class_names) == ("regression", ("t",))
    assert amounts.values.dtype == np.float32
    assert (counts.task, counts.class_names) == ("classification", ("0", "1", "2"))
    assert [finding.code for finding in counts.findings] == ["numeric-target"]
    assert many.task == "regression"


def test_the_task_may_be_asked_for() -> None:
    assert read_target(numbers(*(row % 3 for row in range(60))), ReadOptions(task="regression")).task == "regression"
    assert len(read_target(numbers(*range(60)), ReadOptions(task="classification")).class_names) == 60


def test_labels_that_are_equal_numbers_are_one_class(tmp_path: Path) -> None:
    labels = ["1", "1.0", " 1", "0", "0.0", "-0"]

    description = prepared(csv_file(tmp_path, target_csv(labels * 10))).description

    assert (description.class_names, description.class_counts) == (("0", "1"), (30, 30))


def test_labels_that_are_not_all_numbers_are_texts(tmp_path: Path) -> None:
    description = prepared(csv_file(tmp_path, target_csv(["1", "1.0", " 1", "True"] * 10))).description

    assert (description.class_names, description.class_counts) == (("1", "1.0", "True"), (20, 10, 10))


def test_minus_one_and_one(tmp_path: Path) -> None:
    description = prepared(csv_file(tmp_path, target_csv([-1, 1] * 20))).description

    assert (description.task, description.class_names) == ("classification", ("-1", "1"))


def test_classes_that_differ_in_capitals_only() -> None:
    target = read_target(texts(*["yes", "Yes", "no"] * 10), ReadOptions())

    assert len(target.class_names) == 3
    assert [finding.code for finding in target.findings] == ["classes-alike"]


def test_class_names_are_sorted_and_numbered() -> None:
    target = read_target(texts(*["pear", "apple", "fig"] * 10), ReadOptions())

    assert target.class_names == ("apple", "fig", "pear")
    assert target.values[:3].tolist() == [2, 0, 1]
    assert target.class_counts == (10, 10, 10)


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    labels = ["a", "b", "", "NaN"] * 10

    result = prepared(csv_file(tmp_path, target_csv(labels)))

    assert result.description.rows == len(result.inputs) == 20
    finding = next(finding for finding in result.description.findings if finding.code == "missing-target")
    assert "20 rows have no target" in finding.sentence


def test_infinite_targets_are_left_out_too(tmp_path: Path) -> None:
    amounts = [f"{row}.5" for row in range(40)] + ["inf", "-inf", "1e999"]

    description = prepared(csv_file(tmp_path, target_csv(amounts))).description

    assert (description.task, description.rows) == ("regression", 40)


def test_no_target_at_all(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, target_csv([""] * 40)), "unacceptable", "0 rows have a target", "40 more have none")


@pytest.mark.parametrize("label", ["a", "5"])
def test_one_class_only(label: str, tmp_path: Path) -> None:
    refused(csv_file(tmp_path, target_csv([label] * 40)), "unacceptable", f"'{label}'", "nothing to learn")


def test_ten_thousand_classes(tmp_path: Path) -> None:
    text = target_csv([f"c{row}" for row in range(10_000)])

    assert refused(csv_file(tmp_path, text), "unacceptable", "10,000 different", "1,000 classes").field == "target"


def test_ten_thousand_numbers_as_classes_name_regression(tmp_path: Path) -> None:
    text = target_csv(list(range(10_000)))

    refused(csv_file(tmp_path, text), "unacceptable", "task regression", task="classification")


def test_texts_are_no_amounts(tmp_path: Path) -> None:
    error = refused(csv_file(tmp_path), "unacceptable", "needs numbers", task="regression")

    assert error.field == "task"


def test_amounts_that_32_bits_cannot_hold(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, target_csv([f"{row}.5e30" for row in range(40)])), "unacceptable", "32-bit")


def test_a_class_with_a_long_name(tmp_path: Path) -> None:
    error = refused(csv_file(tmp_path, target_csv(["b" * 300, "a"] * 20)), "unacceptable", "300 characters", "200")

    assert "b" * 81 not in error.detail
