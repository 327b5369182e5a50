"""Rows for a model, read from CSV or JSON, and sent in parts that the service accepts."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Final

BATCH_ROWS: Final = 1_000
BATCH_BYTES: Final = 900_000
"""The service reads bodies of up to 1,000,000 bytes."""


class InvalidRows(Exception):
    """The text holds no rows; the message says why."""


def read_rows(text: str, *, by_name: bool) -> list[Any]:
    """Return the rows of a JSON list, of a JSON object with the field `rows`, or of CSV. Raises InvalidRows.

    A CSV file of numbers alone is read as lists of numbers. One with a header is read as objects of column and text
    where the model knows columns (`by_name`); otherwise the header is left out.
    """
    rows = _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text, by_name=by_name)
    if not rows:
        raise InvalidRows("holds no rows")
    return rows


def batches(rows: Sequence[Any], shape: Sequence[int]) -> Iterator[list[Any]]:
    """Yield the rows in parts; flat lists of as many numbers as `shape` has become nested ones of that shape."""
    batch: list[Any] = []
    size = 0
    for row in rows:
        shaped = _shaped(row, shape) if _flat(row) and len(row) == prod(shape) else row
        length = len(json.dumps(shaped)) + 2
        if batch and (len(batch) == BATCH_ROWS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(shaped)
        size += length
    if batch:
        yield batch


def _json_rows(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidRows(f"is not JSON: {error}") from error
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise InvalidRows('must be a JSON list of rows, or an object {"rows": [...]}')
    return rows


def _csv_rows(text: str, *, by_name: bool) -> list[Any]:
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise InvalidRows(f"is not CSV: {error}") from error
    if not lines:
        return []
    if all(_number(cell) is not None for cell in lines[0]):
        return [[_value(cell) for cell in line] for line in lines]
    header, *body = lines
    for place, line in enumerate(body, start=2):
        if len(line) != len(header):
            raise InvalidRows(f"line {place} has {len(line)} cells, the header {len(header)}")
    if not by_name:
        return [[_value(cell) for cell in line] for line in body]
    # As text: the model knows which columns are numbers, and which only look like some (postal codes).
    return [{name: cell or None for name, cell in zip(header, line, strict=True)} for line in body]


def _value(cell: str) -> Any:
    number = _number(cell)
    return number if number is not None else cell or None


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if number - number == 0 else None


def _flat(row: Any) -> bool:
    return isinstance(row, list) and not any(isinstance(cell, list) for cell in row)


def _shaped(row: list[Any], shape: Sequence[int]) -> list[Any]:
    if len(shape) == 1:
        return row
    size = prod(shape[1:])
    return [_shaped(row[start : start + size], shape[1:]) for start in range(0, len(row), size)]
