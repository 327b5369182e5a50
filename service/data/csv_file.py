"""Reads a CSV file: UTF-8, a header line, and as many cells in each line as the header has names."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from service.data.cells import NUMBER
from service.data.column_names import checked_names
from service.data.description import Finding, ReadOptions
from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_CELL_CHARACTERS, MAX_CELLS, MAX_FILE_BYTES, MAX_ROWS
from service.data.string_column import string_column
from service.data.table import RawColumn, Table

DELIMITERS: Final = ",;\t|"
CHUNK_ROWS: Final = 20_000


def read_csv(path: Path, options: ReadOptions) -> Table:
    """Read a CSV file. The delimiter (comma, semicolon, tab or bar) is the header's most frequent one.

    Raises InvalidFile, which names the line.
    """
    with _cell_limit(MAX_CELL_CHARACTERS):
        try:
            delimiter = _delimiter(path)
            names, chunks = _read(path, delimiter)
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error
        except csv.Error as error:
            raise _unreadable(path, error) from error
    columns: list[RawColumn] = []
    findings: list[Finding] = []
    for index, name in enumerate(names):
        strings = pa.chunked_array([chunk[index] for chunk in chunks], pa.string())
        for chunk in chunks:
            chunk[index] = None
        as_text = name in options.text_columns
        column, noticed = string_column(name, strings, as_text=as_text, decimal_comma=delimiter != ",")
        columns.append(column)
        findings += noticed
    return Table("csv", tuple(columns), tuple(findings))


def _read(path: Path, delimiter: str) -> tuple[tuple[str, ...], list[list[Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(_without_nul(file), strict=True, delimiter=delimiter)
        header = next((row for row in reader if row), None)
        if header is None:
            raise InvalidFile(
                "unacceptable", "the file has no rows, only empty lines; the first line names the columns"
            )
        where = f"line {reader.line_num}"
        if all(NUMBER.fullmatch(name.strip()) for name in header):
            detail = "it holds only numbers, so the names of the columns are missing; put a line with names above it"
            raise InvalidFile("unacceptable", f"{where}: {detail}")
        names = checked_names(header, where=where)
        chunks: list[list[Any]] = []
        rows: list[list[str]] = []
        count = 0
        wide = len(names)
        for row in reader:
            if len(row) != wide:
                if not row:
                    continue
                raise _ragged(reader, row, wide)
            rows.append(row)
            if len(rows) == CHUNK_ROWS:
                count = _checked_count(count + len(rows), wide)
                chunks.append(_columns(rows))
                rows = []
        _checked_count(count + len(rows), wide)
        if rows:
            chunks.append(_columns(rows))
    if not chunks:
        raise InvalidFile("unacceptable", "the file has no rows: there is only the header; add the data below it")
    return names, chunks


def _columns(rows: list[list[str]]) -> list[Any]:
    return [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]


def _checked_count(rows: int, columns: int) -> int:
    if rows > MAX_ROWS:
        raise InvalidFile("too-large", f"the file has more than {MAX_ROWS:,} rows, the limit; take a sample of them")
    if rows * columns > MAX_CELLS:
        detail = (
            f"the file has more than {MAX_CELLS:,} cells ({columns:,} columns), the limit; take fewer rows or columns"
        )
        raise InvalidFile("too-large", detail)
    return rows


def _delimiter(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = next((line for line in file if line.strip()), "")
    outside = "".join(start.split('"')[::2])
    return max(DELIMITERS, key=lambda delimiter: (outside.count(delimiter), -DELIMITERS.index(delimiter)))


def _without_nul(file: Any) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if "\0" in line:
            detail = f"line {number} holds a NUL character, so this is no text; save the table as CSV in UTF-8"
            raise InvalidFile("unacceptable", detail)
        yield line


def _ragged(reader: Any, row: list[str], wide: int) -> InvalidFile:
    first, cells = reader.line_num, len(row)
    bad = 1 + sum(1 for other in reader if other and len(other) != wide)
    more = f" ({bad:,} lines do not fit in all)" if bad > 1 else ""
    return InvalidFile(
        "unacceptable",
        f"line {first} has {cells:,} cells, the header names {wide:,} columns{more}. "
        "Put cells that hold the delimiter into double quotes, or remove what is too much",
    )


def _not_utf8(path: Path, error: UnicodeDecodeError) -> InvalidFile:
    before, line = 0, 1
    # The decoder counts from the start of its block, so the place is looked for again; blocks end at line ends.
    with path.open("rb") as file:
        for line, content in enumerate(file, 1):  # noqa: B007 (the last one is meant)
            try:
                content.decode("utf-8")
            except UnicodeDecodeError as again:
                error, before = again, before + again.start
                break
            before += len(content)
    byte = error.object[error.start]
    return InvalidFile(
        "unacceptable",
        f"line {line} is not UTF-8: byte 0x{byte:02X} at position {before:,}, as in Latin-1 (Windows-1252) texts; "
        "save the file as UTF-8",
    )


def _unreadable(path: Path, error: csv.Error) -> InvalidFile:
    """Say where reading stopped; a second pass over the good part counts lines and columns."""
    with _cell_limit(MAX_FILE_BYTES), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=_delimiter(path))
        before = 0
        try:
            for row in reader:
                longest = max(range(len(row)), key=lambda column: len(row[column]), default=0)
                if row and len(row[longest]) > MAX_CELL_CHARACTERS:
                    return InvalidFile(
                        "unacceptable",
                        f"line {before + 1}, column {longest + 1}: the cell has {len(row[longest]):,} characters, the "
                        f"limit is {MAX_CELL_CHARACTERS:,}. Shorten it; perhaps a double quote is never closed",
                    )
                before = reader.line_num
        except csv.Error as again:
            error = again
    return InvalidFile(
        "unacceptable",
        f"line {before + 1}: {shown(error)}; a double quote inside of a quoted cell is written twice, "
        "and every quote that is opened is closed",
    )


@contextmanager
def _cell_limit(characters: int) -> Iterator[None]:
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
