import json
from pathlib import Path
from typing import Any

import pytest

from service.data.description import Description, ReadOptions
from service.data.errors import InvalidFile
from tests.service.data.files import csv_file, pictures_file, prepared


def test_options_go_to_json_and_back() -> None:
    options = ReadOptions(kind="csv", target="t", task="regression", text_columns=("a",), image_side=8, split_seed=5)

    assert ReadOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


def test_absent_options_have_their_defaults() -> None:
    assert ReadOptions.from_json({}) == ReadOptions()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"kind": "xlsx"}, "kind"),
        ({"task": "ranking"}, "task"),
        ({"missing": "drop"}, "missing"),
        ({"text_features": "bert"}, "text_features"),
        ({"image_side": 7}, "image_side"),
        ({"image_side": True}, "image_side"),
        ({"image_side": 16.0}, "image_side"),
        ({"split_seed": -1}, "split_seed"),
        ({"split_seed": 2**63}, "split_seed"),
        ({"target": ""}, "target"),
        ({"target": 5}, "target"),
        ({"group_column": "g" * 201}, "group_column"),
        ({"text_columns": "a"}, "text_columns"),
        ({"text_columns": [5]}, "text_columns"),
        ({"ignored_columns": ["a"] * 2_001}, "ignored_columns"),
        ({"tarket": "a"}, "tarket"),
    ],
)
def test_an_option_that_is_wrong_is_named(value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        ReadOptions.from_json(value)

    assert (caught.value.reason, caught.value.field) == ("unacceptable", field)


@pytest.mark.parametrize("value", [{"format": 2}, [], None])
def test_options_of_an_unknown_format(value: Any) -> None:
    with pytest.raises(InvalidFile, match="format 1"):
        ReadOptions.from_json(value)


@pytest.mark.parametrize("make", [csv_file, pictures_file])
def test_a_description_goes_to_json_and_back(make: Any, tmp_path: Path) -> None:
    description = prepared(make(tmp_path)).description

    assert Description.from_json(json.loads(json.dumps(description.to_json()))) == description


def test_a_description_of_an_unknown_format(tmp_path: Path) -> None:
    value = prepared(csv_file(tmp_path)).description.to_json() | {"format": 7}

    with pytest.raises(ValueError, match="format 7 is unknown"):
        Description.from_json(value)
