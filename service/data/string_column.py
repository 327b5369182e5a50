"""Turns columns of strings into numbers, moments or texts, in Arrow's arrays: millions of cells, few Python objects."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.data.cells import DECIMAL_COMMA, INFINITE, MISSING_WORDS, MOMENT, NUMBER, moment_of, number_of
from service.data.description import Finding
from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_CELL_CHARACTERS
from service.data.table import Numbers, RawColumn, Texts


def string_column(
    name: str, strings: Any, *, as_text: bool = False, decimal_comma: bool = False
) -> tuple[RawColumn, list[Finding]]:
    """Return a column of strings (an Arrow chunked array, plain or dictionary-encoded) as what its cells are.

    Spaces around cells are removed, and `MISSING_WORDS` count as missing; `decimal_comma` says that 1,5 is a number, as
    it is where commas do not separate cells. Raises InvalidFile for cells that are too long.
    """
    codes, values = _dictionary(strings)
    longest = pc.max(pc.utf8_length(values)).as_py() or 0
    if longest > MAX_CELL_CHARACTERS:
        detail = f"column {shown(name)} has a cell of {longest:,} characters; the limit is {MAX_CELL_CHARACTERS:,}"
        raise InvalidFile("unacceptable", f"{detail}. Shorten it or leave the column out of the file")
    values = pc.utf8_trim_whitespace(values)
    missing = pc.is_in(pc.utf8_lower(values), value_set=pa.array(MISSING_WORDS))
    present = pc.if_else(missing, pa.scalar(None, pa.string()), values)
    if not as_text:
        noticed: list[Finding] = []
        if decimal_comma and _all_match(present, f"{NUMBER.pattern}|{DECIMAL_COMMA.pattern}"):
            noticed = _decimal_commas(name, present)
            present = pc.replace_substring(present, ",", ".")
        numbers = _numbers(present)
        if numbers is not None:
            return Numbers(name, _taken(numbers, codes)), noticed
        moments = _parsed(present, MOMENT.pattern, moment_of)
        if moments is not None:
            return Numbers(name, _taken(moments, codes), "moment"), []
    # Values that differed only in spaces are one value now.
    encoded = present.dictionary_encode()
    again = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Texts(name, _taken(again, codes), tuple(encoded.dictionary.to_pylist())), []


def _dictionary(strings: Any) -> tuple[NDArray[np.int64], Any]:
    if pa.types.is_dictionary(strings.type):
        whole = strings.unify_dictionaries().combine_chunks()
    else:
        # Joined first: the dictionaries of many chunks would have to be merged one by one.
        whole = pc.cast(strings, pa.string()).combine_chunks().dictionary_encode()
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, whole.dictionary.cast(pa.string())


def _taken(of_values: NDArray[Any], codes: NDArray[np.int64]) -> NDArray[Any]:
    """Return what belongs to each cell; a missing one (-1) gets what was put behind the last value."""
    nothing = np.array([np.nan if of_values.dtype == np.float64 else -1], of_values.dtype)
    taken: NDArray[Any] = np.concatenate([of_values, nothing])[codes]
    return taken


def _all_match(present: Any, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(present, f"^(?:{pattern})$")).as_py())


def _numbers(present: Any) -> NDArray[np.float64] | None:
    if present.null_count == len(present):
        return None
    if _all_match(present, NUMBER.pattern):
        # The one thing that Arrow's parser does not read is a plus sign.
        plain = pc.replace_substring_regex(present, r"^\+", "")
        parsed: NDArray[np.float64] = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
        return parsed
    numbers = _parsed(present, f"{NUMBER.pattern}|(?i:{INFINITE.pattern})", number_of)
    # A column that says nothing but "inf" is none of numbers.
    return None if numbers is None or not np.isfinite(numbers).any() else numbers


def _parsed(present: Any, pattern: str, parse: Callable[[Any], float]) -> NDArray[np.float64] | None:
    if present.null_count == len(present) or not _all_match(present, pattern):
        return None
    try:
        return np.array([parse(text) for text in present.to_pylist()], np.float64)
    except (ValueError, OverflowError):
        # It looked like a date but is none, such as the 31st of February.
        return None


def _decimal_commas(name: str, present: Any) -> list[Finding]:
    if not pc.any(pc.match_substring(present, ",")).as_py():
        return []
    sentence = (
        f"Numbers in {shown(name)} are written with a comma: 1,5 was read as one and a half. "
        "If the comma separates thousands, remove it from the file."
    )
    return [Finding("decimal-comma", "info", (name,), sentence)]
