"""What a single cell says: a number, a moment, a text, or that it is missing."""

import datetime
import re
from typing import Any, Final

MISSING_WORDS: Final = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?")
"""What counts as an empty cell, whatever the case."""

NUMBER: Final = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number in plain writing. Whole numbers with leading zeros are codes (postal codes, article numbers)."""

DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
INFINITE: Final = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAY: Final = 86_400.0


def is_missing(text: str) -> bool:
    """Whether a text stands for an empty cell."""
    return text.strip().lower() in MISSING_WORDS


def number_of(cell: Any) -> float:
    """Return the number in a cell; NaN where it is missing. Raises ValueError for anything else."""
    if cell is None:
        return float("nan")
    if isinstance(cell, bool | int | float):
        try:
            return float(cell)
        except OverflowError:
            return float("inf") if cell > 0 else float("-inf")
    if not isinstance(cell, str):
        raise ValueError("is not a number")
    text = cell.strip()
    if is_missing(text):
        return float("nan")
    if not NUMBER.fullmatch(text) and not INFINITE.fullmatch(text):
        raise ValueError("is not a number")
    return float(text)


def moment_of(cell: Any) -> float:
    """Return the days from 1970 to the moment in a cell (ISO 8601; UTC unless it says otherwise); NaN where missing.

    Raises ValueError for anything else.
    """
    if cell is None:
        return float("nan")
    if not isinstance(cell, str):
        raise ValueError("is not a date such as 2024-01-31")
    text = cell.strip()
    if is_missing(text):
        return float("nan")
    if not MOMENT.fullmatch(text):
        raise ValueError("is not a date such as 2024-01-31")
    moment = datetime.datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return (aware - _EPOCH).total_seconds() / _DAY


def text_of(cell: Any) -> str | None:
    """Return the text in a cell, without spaces around it; None where it is missing. Raises ValueError for lists."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return None if cell != cell else number_text(float(cell)) if isinstance(cell, float) else str(cell)  # noqa: PLR0124 (NaN)
    if not isinstance(cell, str):
        raise ValueError("is neither a text nor a number")
    text = cell.strip()
    return None if is_missing(text) else text


def number_text(number: float) -> str:
    """Return a number as people write it: whole ones without a point."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
