from pathlib import Path

import numpy as np
import pytest

from service.data import csv_file as csv_reader
from tests.service.data.files import ROWS, csv_file, prepared, refused, table_text


def test_a_table_is_read_as_it_is(tmp_path: Path) -> None:
    description = prepared(csv_file(tmp_path)).description

    assert (description.kind, description.rows, description.task) == ("csv", ROWS, "classification")
    assert [(column.name, column.type, column.inputs) for column in description.columns] == [
        ("length", "number", 1),
        ("width", "number", 1),
        ("color", "category", 3),
        ("kind", "target", 0),
    ]
    assert description.class_names == ("large", "small")
    assert description.input_shape == (5,)
    assert len(description.preview) == 10
    assert description.preview[0][2] in ("red", "green", "blue")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_found(delimiter: str, newline: str, tmp_path: Path) -> None:
    plain = prepared(csv_file(tmp_path))

    other = prepared(csv_file(tmp_path, table_text().replace(",", delimiter).replace("\n", newline)))

    assert other.description.fingerprint == plain.description.fingerprint


def test_mixed_line_ends_and_empty_lines_change_nothing(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    mixed = "".join(line + ("\n", "\r\n", "\n\n")[number % 3] for number, line in enumerate(lines))

    plain = prepared(csv_file(tmp_path)).description

    assert prepared(csv_file(tmp_path, mixed)).description.fingerprint == plain.fingerprint


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    description = prepared(csv_file(tmp_path, b"\xef\xbb\xbf" + table_text().encode())).description

    assert description.columns[0].name == "length"


def test_a_decimal_comma_between_semicolons(tmp_path: Path) -> None:
    text = table_text().replace(",", ";").replace(".", ",")

    description = prepared(csv_file(tmp_path, text)).description

    assert [column.type for column in description.columns[:2]] == ["number", "number"]
    assert {finding.code for finding in description.findings} >= {"decimal-comma"}


def test_spaces_around_cells_and_names_are_removed(tmp_path: Path) -> None:
    plain = prepared(csv_file(tmp_path)).description

    spaced = prepared(csv_file(tmp_path, table_text().replace(",", " , "))).description

    assert spaced.class_names == plain.class_names
    assert spaced.fingerprint == plain.fingerprint


def test_cells_that_a_spreadsheet_would_run_are_kept_as_they_are(tmp_path: Path) -> None:
    formulas = ("=1+1", "+SUM(A1)", "-x", "@cmd")
    lines = ["formula,n,kind", *(f"{formulas[row % 4]},{row % 7},{'ab'[row % 2]}" for row in range(40))]

    description = prepared(csv_file(tmp_path, "\n".join(lines)), task="classification").description

    assert set(description.columns[0].examples) == set(formulas)


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    cells = ('"a,b"', '"say ""yes"""', '"two\nlines"')
    lines = ["what,n,kind", *(f"{cells[row % 3]},{row % 7},{'ab'[row % 2]}" for row in range(30))]

    description = prepared(csv_file(tmp_path, "\n".join(lines))).description

    assert set(description.columns[0].examples) == {"a,b", 'say "yes"', "two\nlines"}


def test_an_empty_file(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, b""), "unacceptable", "empty (0 bytes)", "CSV")


@pytest.mark.parametrize("text", ["\n", "\n\r\n\n"])
def test_only_empty_lines(text: str, tmp_path: Path) -> None:
    refused(csv_file(tmp_path, text), "unacceptable", "no rows")


def test_only_a_header(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, "a,b,kind\n"), "unacceptable", "no rows", "only the header")


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_too_few_rows(rows: int, tmp_path: Path) -> None:
    text = "a,b,kind\n" + "".join(f"{row},2,{'xy'[row % 2]}\n" for row in range(rows))

    refused(csv_file(tmp_path, text), "unacceptable", f"{rows} rows have a target", "at least 10")


def test_a_huge_cell_is_named_by_line_and_column(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    lines[17] = "1,2," + "x" * 200_000 + ",large"

    error = refused(csv_file(tmp_path, "\n".join(lines)), "unacceptable", "line 18, column 3", "200,000", "131,072")

    assert "xxx" not in error.detail


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    lines[3] = '1,2,"red,large'

    refused(csv_file(tmp_path, "\n".join(lines)), "unacceptable", "line 4", "quote")


def test_text_after_a_closing_quote(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    lines[5] = '1,2,"red"x,large'

    refused(csv_file(tmp_path, "\n".join(lines)), "unacceptable", "line 6", "quote")


def test_a_nul_character_is_named_by_its_line(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    lines[8] = "1,2,re\0d,large"

    refused(csv_file(tmp_path, "\n".join(lines)), "unacceptable", "line 9", "NUL", "UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_encodings_are_named(encoding: str, tmp_path: Path) -> None:
    refused(csv_file(tmp_path, table_text().encode(encoding)), "unacceptable", "UTF-16 or UTF-32", "UTF-8")


def test_latin_1_is_named_with_the_line(tmp_path: Path) -> None:
    text = table_text().replace("blue", "grün")
    line = next(number for number, content in enumerate(text.splitlines(), 1) if "ü" in content)

    refused(csv_file(tmp_path, text.encode("latin-1")), "unacceptable", f"line {line} ", "0xFC", "Latin-1", "UTF-8")


def test_double_names_are_named(tmp_path: Path) -> None:
    text = table_text().replace("width", "length", 1)

    refused(csv_file(tmp_path, text), "unacceptable", "line 1", "'length'")


def test_an_empty_name_is_counted(tmp_path: Path) -> None:
    text = table_text().replace("length", "", 1)

    refused(csv_file(tmp_path, text), "unacceptable", "line 1", "column 1 has no name", "index=False")


def test_a_header_of_numbers_is_none(tmp_path: Path) -> None:
    text = "\n".join(f"{row},{row * 2},{row % 2}" for row in range(40))

    refused(csv_file(tmp_path, text), "unacceptable", "line 1", "only numbers")


def test_years_may_be_names_among_others(tmp_path: Path) -> None:
    text = "2019,2020,kind\n" + "".join(f"{row % 9},{row % 5},{'xy'[row % 2]}\n" for row in range(40))

    assert prepared(csv_file(tmp_path, text)).description.columns[0].name == "2019"


@pytest.mark.parametrize("name", ["bell\x07", "a" * 201])
def test_names_that_cannot_be_shown(name: str, tmp_path: Path) -> None:
    error = refused(csv_file(tmp_path, table_text().replace("length", name, 1)), "unacceptable", "column 1", "200")

    assert "\x07" not in error.detail
    assert "a" * 81 not in error.detail


def test_a_million_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{number}" for number in range(1_000_000))

    refused(csv_file(tmp_path, header + "\n1\n"), "too-large", "1,000,000 columns", "2,000")


def test_ragged_lines_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    lines = table_text().splitlines()
    lines[10] += ",more"
    lines[20] = "1,2"

    refused(csv_file(tmp_path, "\n".join(lines)), "unacceptable", "line 11 has 5 cells", "4 columns", "2 lines")


def test_more_rows_or_cells_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv_file(tmp_path, "a,b\n" + "1,x\n" * 50_000)

    # A million rows would take seconds to read.
    monkeypatch.setattr(csv_reader, "MAX_ROWS", 30_000)
    refused(path, "too-large", "more than 30,000 rows", "sample")
    monkeypatch.setattr(csv_reader, "MAX_ROWS", 1_000_000)
    monkeypatch.setattr(csv_reader, "MAX_CELLS", 70_000)
    refused(path, "too-large", "more than 70,000 cells")


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    numbers = ["1e-3", "+2.5", "-.5", "7.", "1E5", "0.1"]
    text = "a,kind\n" + "".join(f"{numbers[row % 6]},{'xy'[row % 2]}\n" for row in range(60))

    result = prepared(csv_file(tmp_path, text))

    expected = np.array([float(number) for number in numbers], np.float32)
    np.testing.assert_array_equal(np.unique(result.inputs), np.unique(expected))


def test_codes_with_leading_zeros_are_no_numbers(tmp_path: Path) -> None:
    text = "zip,kind\n" + "".join(f"0{row % 5}123,{'xy'[row % 2]}\n" for row in range(60))

    column = prepared(csv_file(tmp_path, text)).description.columns[0]

    assert (column.type, column.examples[0]) == ("category", "00123")
