import math
from typing import Any

import pytest

from service.data.cells import is_missing, moment_of, number_of, number_text, text_of


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "NaN", "null", "NULL", "None", "?", " #N/A "])
def test_what_counts_as_missing(text: str) -> None:
    assert is_missing(text)
    assert math.isnan(number_of(text))
    assert math.isnan(moment_of(text))
    assert text_of(text) is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (1, 1.0),
        (True, 1.0),
        ("1", 1.0),
        (" -2.5e3 ", -2500.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        ("inf", math.inf),
    ],
)
def test_numbers(cell: Any, number: float) -> None:
    assert number_of(cell) == number


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1,5", "one", "007", "\u0663", [1], {}, "1e"])
def test_what_is_no_number(cell: Any) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number_of(cell)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-02", 1.0),
        ("1970-01-01 12:00", 0.5),
        ("1970-01-01T06:00:00Z", 0.25),
        ("1970-01-01T06:00:00+06:00", 0.0),
        ("1969-12-31", -1.0),
    ],
)
def test_moments(text: str, days: float) -> None:
    assert moment_of(text) == days


@pytest.mark.parametrize("cell", ["2024-02-31", "31.1.2024", "2024", 5, True])
def test_what_is_no_moment(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"date|day|month"):
        moment_of(cell)


@pytest.mark.parametrize(
    ("cell", "text"), [(" a ", "a"), (1, "1"), (1.0, "1"), (1.5, "1.5"), (True, "true"), (None, None), (math.nan, None)]
)
def test_texts(cell: Any, text: str | None) -> None:
    assert text_of(cell) == text


def test_a_list_is_no_text() -> None:
    with pytest.raises(ValueError, match="neither a text nor a number"):
        text_of(["a"])


def test_numbers_as_people_write_them() -> None:
    assert [number_text(number) for number in (3.0, -1.0, 2.5, 1e20)] == ["3", "-1", "2.5", "1e+20"]
