import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.data.encoder import Encoder
from service.data.errors import InvalidRow
from tests.service.data.files import csv_file, npz_file, pictures_file, prepared

HEADER = ("id", "when", "size", "color", "note", "kind")


def mixed(rows: int = 200) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(1)
    words = np.array(["apple", "fig", "pear", "plum", "nut"])
    return [
        (
            row,
            f"2024-0{row % 9 + 1}-1{row % 7}",
            "" if row % 9 == 0 else round(float(rng.normal()), 3),
            None if row % 11 == 0 else str(rng.choice(["red", "green", "blue"])),
            f"{' '.join(rng.choice(words, 4))} of row {row}",
            str(rng.choice(["x", "y"])),
        )
        for row in range(rows)
    ]


def mixed_file(folder: Path) -> Path:
    lines = [",".join(HEADER), *(",".join("" if cell is None else str(cell) for cell in row) for row in mixed())]
    return csv_file(folder, "\n".join(lines))


def test_rows_are_encoded_as_in_training(tmp_path: Path) -> None:
    result = prepared(mixed_file(tmp_path))

    rows = [dict(zip(HEADER, row, strict=True)) for row in mixed()]
    again = result.encoder.encode(rows)

    assert sorted(map(bytes, again)) == sorted(map(bytes, result.inputs))


@pytest.mark.parametrize("features", ["tfidf", "bag_of_words"])
def test_json_both_ways(features: str, tmp_path: Path) -> None:
    encoder = prepared(mixed_file(tmp_path), text_features=features).encoder

    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))

    assert again == encoder
    row = {"when": "2024-05-05", "size": 1, "color": "red", "note": "fig of row"}
    np.testing.assert_array_equal(again.encode([row]), encoder.encode([row]))


@pytest.mark.parametrize("make", [pictures_file, npz_file])
def test_json_both_ways_for_images_and_arrays(make: Any, tmp_path: Path) -> None:
    encoder = prepared(make(tmp_path)).encoder

    assert Encoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


def test_an_unknown_format(tmp_path: Path) -> None:
    value = prepared(csv_file(tmp_path)).encoder.to_json() | {"format": 2}

    with pytest.raises(ValueError, match="format 2 is unknown"):
        Encoder.from_json(value)


def test_columns_that_are_not_used_may_be_there(tmp_path: Path) -> None:
    encoder = prepared(mixed_file(tmp_path)).encoder

    assert encoder.unused == ("id", "kind")
    np.testing.assert_array_equal(encoder.encode([{"size": 1, "id": 7, "kind": "x"}]), encoder.encode([{"size": 1}]))


def test_absent_cells_are_missing_cells(tmp_path: Path) -> None:
    encoder = prepared(mixed_file(tmp_path)).encoder

    missing = encoder.encode([{}, dict.fromkeys(HEADER), {"size": "NA", "color": float("nan")}])

    assert (missing == missing[0]).all()


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"sise": 1}, "sise", "no such column; known are 'when', 'size'"),
        ({"size": "big"}, "size", "'big' is not a number"),
        ({"size": [1]}, "size", "is not a number"),
        ({"size": "x" * 500}, "size", "is not a number"),
        ({"color": {}}, "color", "neither a text nor a number"),
        ({"note": ["a"]}, "note", "neither a text nor a number"),
        ({"when": "tomorrow"}, "when", "is not a date"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row: dict[str, Any], column: str, said: str, tmp_path: Path) -> None:
    encoder = prepared(mixed_file(tmp_path)).encoder

    with pytest.raises(InvalidRow) as caught:
        encoder.encode([{}, row])

    assert (caught.value.row, caught.value.column) == (1, column)
    assert said in caught.value.detail
    assert len(caught.value.detail) < 300


def test_missing_cells_are_refused_where_that_was_asked_for(tmp_path: Path) -> None:
    encoder = prepared(csv_file(tmp_path), missing="refuse").encoder

    with pytest.raises(InvalidRow, match="row 1, column 'width': is missing"):
        encoder.encode([{"length": 1, "width": 2, "color": "red"}, {"length": 1, "color": "red"}])


@pytest.mark.parametrize(
    "image", [None, "x", [], [[1, 2], [3]], [[[1, 2]]], [[-1]], [[256]], [[float("nan")]], [["a"]], [[True]]]
)
def test_what_is_no_image(image: Any, tmp_path: Path) -> None:
    encoder = prepared(pictures_file(tmp_path)).encoder

    with pytest.raises(InvalidRow, match="row 0, column 'image'"):
        encoder.encode([{"image": image}])


@pytest.mark.parametrize("array", [None, "x", [[1, 2]], [[1, 2], [3]], [[float("nan")] * 5] * 4, [[1e300] * 5] * 4])
def test_what_is_no_array_of_this_shape(array: Any, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((40, 4, 5))
    encoder = prepared(npz_file(tmp_path, X=images, y=np.arange(40) % 2)).encoder

    with pytest.raises(InvalidRow, match=r"row 0, column 'X': is not an array \(4, 5\)"):
        encoder.encode([{"X": array}])
