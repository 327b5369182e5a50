from pathlib import Path

import pytest

from service.data.column_types import has_identifier_name
from tests.service.data.files import csv_file, prepared, refused

WORDS = ("quick", "brown", "fox", "lazy", "dog", "jumps", "over", "fence")


def one_column(name: str, cells: list[object]) -> str:
    return f"{name},n,kind\n" + "".join(f"{cell},{row % 7},{'xy'[row % 2]}\n" for row, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("size", [row % 9 * 1.5 for row in range(60)], "number"),
        ("size", [row * 1.5 for row in range(60)], "number"),
        ("people", [1000 + row * row for row in range(60)], "number"),
        ("customer_id", [1000 + row * row for row in range(60)], "identifier"),
        ("anything", list(range(60)), "identifier"),
        ("anything", list(reversed(range(5, 65))), "identifier"),
        ("day", [f"2024-01-{row % 28 + 1:02}" for row in range(60)], "number"),
        ("color", [("red", "green")[row % 2] for row in range(60)], "category"),
        ("code", [f"A{row:04}" for row in range(60)], "identifier"),
        ("same", ["k"] * 60, "constant"),
        ("same", [5] * 60, "constant"),
        ("nothing", [""] * 60, "constant"),
        ("flag", ["k" if row % 3 else "" for row in range(60)], "category"),
        (
            "note",
            [" ".join(WORDS[(row * place) % 8] for place in (1, 3, 5, 7)) + f" {row}" for row in range(60)],
            "text",
        ),
        ("grade", [("very good indeed", "not so good")[row % 2] for row in range(60)], "category"),
    ],
)
def test_types_are_guessed(name: str, cells: list[object], expected: str, tmp_path: Path) -> None:
    column = prepared(csv_file(tmp_path, one_column(name, cells))).description.columns[0]

    assert (column.name, column.type) == (name, expected)
    assert (column.inputs > 0) == (expected in ("number", "category", "text"))


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "userId", "Unnamed: 0", "row", "order no", "uuid"])
def test_names_of_identifiers(name: str) -> None:
    assert has_identifier_name(name)


@pytest.mark.parametrize("name", ["width", "valid", "humid", "paid", "snow", "Unnamed"])
def test_other_names(name: str) -> None:
    assert not has_identifier_name(name)


def test_what_is_asked_for_is_not_guessed(tmp_path: Path) -> None:
    cells: list[object] = [("red apple", "green pear")[row % 2] for row in range(60)]
    path = csv_file(tmp_path, one_column("color", cells))

    as_text = prepared(path, text_columns=("color",)).description.columns[0]
    ignored = prepared(path, ignored_columns=("color",)).description.columns[0]

    assert (as_text.type, as_text.inputs) == ("text", 4)
    assert (ignored.type, ignored.inputs) == ("ignored", 0)


def test_missing_cells_may_be_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, one_column("size", ["" if row % 20 == 0 else row % 9 for row in range(60)]))

    error = refused(path, "unacceptable", "'size' (3)", missing="refuse")

    assert error.field == "missing"
    assert prepared(path, missing="refuse", ignored_columns=("size",)).description.rows == 60


def test_nothing_left_to_learn_from(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, "a,kind\n" + "5,x\n5,y\n" * 20), "unacceptable", "'a' (constant)")
