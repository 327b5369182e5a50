import json
from typing import Any

import pytest

from service.cli.row_file import InvalidRows, batches, read_rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[[1, 2.5], [3, 4]]", [[1, 2.5], [3, 4]]),
        (' {"rows": [[1]]}', [[1]]),
        ("1,2.5\n-3,4e1\n", [[1.0, 2.5], [-3.0, 40.0]]),
        ("1,2\r\n\r\n3,\r\n", [[1.0, 2.0], [3.0, None]]),
        ("a,b\n1,x\n,0\n", [{"a": "1", "b": "x"}, {"a": None, "b": "0"}]),
        ('"a,b",c\n007,"x\ny"\n', [{"a,b": "007", "c": "x\ny"}]),
    ],
)
def test_rows_are_read_from_json_and_csv(text: str, rows: list[Any]) -> None:
    assert read_rows(text, by_name=True) == rows


def test_a_header_that_the_model_does_not_know_is_left_out() -> None:
    assert read_rows("a,b\n1,2\n,x\n", by_name=False) == [[1.0, 2.0], [None, "x"]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no rows"),
        ("[]", "holds no rows"),
        ("a,b\n", "holds no rows"),
        ("[1", "is not JSON"),
        ('{"row": []}', 'or an object {"rows"'),
        ("a,b\n1\n", "line 2 has 1 cells, the header 2"),
        ('a,b\n"1,2', "is not CSV"),
    ],
)
def test_what_holds_no_rows_says_so(text: str, reason: str) -> None:
    with pytest.raises(InvalidRows, match=reason.replace("{", r"\{").replace("[", r"\[")):
        read_rows(text, by_name=True)


def test_flat_rows_are_folded_into_the_shape() -> None:
    assert list(batches([[1, 2, 3, 4, 5, 6, 7, 8]], (2, 2, 2))) == [[[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]]
    assert list(batches([[1, 2], [[1, 2]], {"a": 1}], (2,))) == [[[1, 2], [[1, 2]], {"a": 1}]]
    # What does not fit is for the service to refuse.
    assert list(batches([[1, 2, 3]], (2, 2))) == [[[1, 2, 3]]]


def test_parts_are_what_the_service_reads() -> None:
    many = list(batches([[number] for number in range(2_500)], (1,)))

    assert [len(part) for part in many] == [1_000, 1_000, 500]
    assert [row for part in many for row in part] == [[number] for number in range(2_500)]

    wide = list(batches([[0.123456789] * 10_000] * 30, (10_000,)))

    assert sum(map(len, wide)) == 30
    assert len(wide) > 1
    assert all(len(json.dumps({"rows": part})) < 1_000_000 for part in wide)
