"""The data doctor's findings, each on a file that has what it is about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.data.description import Finding
from tests.service.data.files import csv_file, npz_file, prepared, table_text


def findings(folder: Path, text: str, **options: Any) -> dict[str, Finding]:
    found = prepared(csv_file(folder, text), **options).description.findings

    assert all(finding.sentence.endswith(".") for finding in found)
    return {finding.code: finding for finding in found}


def with_column(name: str, cells: Sequence[object]) -> str:
    lines = table_text(len(cells)).splitlines()
    return "\n".join([f"{name},{lines[0]}", *(f"{cell},{line}" for cell, line in zip(cells, lines[1:], strict=True))])


def test_good_data_are_well(tmp_path: Path) -> None:
    assert findings(tmp_path, table_text(400)) == {}


def test_constant_and_empty_columns(tmp_path: Path) -> None:
    constant = findings(tmp_path, with_column("same", ["k"] * 200))["constant-column"]
    empty = findings(tmp_path, with_column("empty", ["NA"] * 200))["empty-column"]

    assert (constant.severity, constant.columns) == ("info", ("same",))
    assert (empty.severity, empty.columns) == ("warning", ("empty",))


def test_identifiers(tmp_path: Path) -> None:
    finding = findings(tmp_path, with_column("id", list(range(200))))["identifier"]

    assert (finding.severity, finding.columns) == ("warning", ("id",))


def test_identifiers_whose_values_repeat(tmp_path: Path) -> None:
    found = findings(tmp_path, with_column("customer_id", [1_000 + row % 50 * 7 for row in range(200)]))

    assert found["suspicious-identifier"].columns == ("customer_id",)


def test_columns_that_hardly_change(tmp_path: Path) -> None:
    found = findings(tmp_path, with_column("flag", [int(row == 17) for row in range(400)]))

    assert "all but 1 of 400" in found["nearly-constant"].sentence


def test_a_leak_is_serious(tmp_path: Path) -> None:
    lines = table_text(400).splitlines()
    copies = ["L" if line.endswith("large") else "S" for line in lines[1:]]

    finding = findings(tmp_path, with_column("copy", copies))["leak"]

    assert (finding.severity, finding.columns) == ("serious", ("copy",))
    assert "ignored_columns" in finding.sentence


@pytest.mark.parametrize(("share", "severity"), [(10, "info"), (1.5, "warning")])
def test_missing_cells(share: float, severity: str, tmp_path: Path) -> None:
    cells = ["" if row % share < 1 else row % 17 for row in range(300)]

    finding = findings(tmp_path, with_column("hole", cells))["missing-values"]

    assert (finding.severity, finding.columns) == (severity, ("hole",))
    assert f"{sum(cell == '' for cell in cells)} rows" in finding.sentence


def test_infinite_numbers(tmp_path: Path) -> None:
    cells = ["inf" if row == 5 else row % 17 for row in range(200)]

    assert "1 infinite" in findings(tmp_path, with_column("far", cells))["infinite-values"].sentence


def test_categories_with_many_values(tmp_path: Path) -> None:
    cells = [f"place{row % 150}" for row in range(600)]

    description = prepared(csv_file(tmp_path, with_column("place", cells))).description

    assert "many-categories" in {finding.code for finding in description.findings}
    assert description.columns[0].inputs == 100


def test_rare_classes_and_imbalance(tmp_path: Path) -> None:
    text = "a,b,kind\n" + "".join(
        f"{row % 13},{row % 11},{'rare' if row % 50 == 0 else 'common'}\n" for row in range(300)
    )

    found = findings(tmp_path, text)

    assert "'rare' (6)" in found["rare-class"].sentence
    assert "98%" in found["imbalance"].sentence


def test_a_class_that_a_part_lacks(tmp_path: Path) -> None:
    kinds = ["z" if row < 3 else "xy"[row % 2] for row in range(300)]
    text = "a,b,kind\n" + "".join(f"{row % 13},{row * row},{kind}\n" for row, kind in enumerate(kinds))

    found = [
        finding
        for finding in prepared(csv_file(tmp_path, text)).description.findings
        if finding.code == "class-missing"
    ]

    assert [finding.severity for finding in found] == ["warning", "warning"]
    assert "'z'" in found[0].sentence


def test_few_rows(tmp_path: Path) -> None:
    assert findings(tmp_path, table_text(60))["few-rows"].severity == "warning"


def test_more_inputs_than_rows(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(10, 2_000))

    description = prepared(npz_file(tmp_path, X=inputs, y=np.arange(10) % 2)).description

    assert "more-inputs-than-rows" in {finding.code for finding in description.findings}


def test_duplicates_that_stay_on_one_side(tmp_path: Path) -> None:
    lines = table_text(400).splitlines()

    finding = findings(tmp_path, "\n".join([*lines, *lines[1:51]]))["duplicates"]

    assert finding.severity == "info"
    assert "50 of 450 rows" in finding.sentence


def test_duplicates_that_straddle_the_split(tmp_path: Path) -> None:
    text = "a,b,kind\n" + "".join(f"{row % 2},1{row % 2},{'xy'[row % 2]}\n" for row in range(100))

    finding = findings(tmp_path, text)["duplicates-across-split"]

    assert finding.severity == "serious"
    assert "98 of 100 rows" in finding.sentence
    assert "20 of 20 test rows" in finding.sentence


def test_rows_that_contradict_each_other(tmp_path: Path) -> None:
    lines = table_text(400).splitlines()
    turned = [line.rpartition(",")[0] + ",neither" for line in lines[1:21]]

    found = findings(tmp_path, "\n".join([*lines, *turned]))

    assert found["contradictions"].sentence.startswith("40 rows")


def test_serious_findings_come_first(tmp_path: Path) -> None:
    text = "a,b,kind\n" + "".join(f"{row % 2},k,{'xy'[row % 2]}\n" for row in range(60))

    severities = [finding.severity for finding in prepared(csv_file(tmp_path, text)).description.findings]

    assert severities == sorted(severities, key=["serious", "warning", "info"].index)
    assert severities[0] == "serious"


def test_texts_without_words(tmp_path: Path) -> None:
    text = with_column("note", [f"w{row}a w{row}b w{row}c" for row in range(200)])

    found = findings(tmp_path, text, text_columns=("note",))

    assert found["text-without-words"].columns == ("note",)
