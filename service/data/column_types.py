"""What each column of a table is: a number, a category, a text, or nothing that a network could use."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.data.description import ColumnType, ReadOptions
from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_CATEGORIES
from service.data.table import Numbers, RawColumn, Table, Texts

LEAST_ROWS: Final = 20
"""With fewer rows it says nothing that all cells of a column differ."""

_UNIQUE_SHARE: Final = 0.9
_WORDS_OF_TEXT: Final = 3
_SAMPLE: Final = 1_000
_IDENTIFIER_NAME: Final = re.compile(
    r"(?:^|.*[\W_])(?:id|ids|uuid|guid|index|idx|nr|no|number|row|rownum|key|serial|unnamed: ?\d+)", re.IGNORECASE
)
_CAMEL_ID: Final = re.compile(r".*[a-z](?:ID|Id)")


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column with what it was taken for."""

    column: RawColumn
    type: ColumnType

    @property
    def is_input(self) -> bool:
        """Whether the column enters the network."""
        return self.type in ("number", "category", "text")


def typed_columns(table: Table, target: str, options: ReadOptions) -> tuple[TypedColumn, ...]:
    """Return the table's columns in their order, each with its type.

    Raises InvalidFile where no column is left that a network could use, an option names a column in vain, or cells are
    missing and that is refused.
    """
    typed = tuple(TypedColumn(column, _type(column, target, options)) for column in table.columns)
    inputs = [each.column for each in typed if each.is_input]
    if not inputs:
        types = ", ".join(f"{shown(each.column.name)} ({each.type})" for each in typed[:10])
        detail = f"no column is left that a network could learn from: {types}"
        raise InvalidFile("unacceptable", f"{detail}. Add columns, or name another target")
    if options.missing == "refuse":
        holes = [column for column in inputs if column.is_missing.any()]
        if holes:
            named = ", ".join(f"{shown(column.name)} ({int(column.is_missing.sum()):,})" for column in holes[:10])
            detail = f"cells are missing in {len(holes)} columns: {named}"
            raise InvalidFile("unacceptable", f"{detail}. Fill them, or ask for missing: impute", field="missing")
    return typed


def _type(column: RawColumn, target: str, options: ReadOptions) -> ColumnType:
    name = column.name
    if name == target:
        return "target"
    if name in options.ignored_columns:
        return "ignored"
    if name == options.group_column:
        return "group"
    if name in options.text_columns:
        if isinstance(column, Numbers):
            raise InvalidFile("unacceptable", f"column {shown(name)} holds no texts", field="text_columns")
        return "text"
    # One value is no information; one value and missing cells are two.
    if column.distinct == 0 or (column.distinct == 1 and not column.is_missing.any()):
        return "constant"
    if isinstance(column, Numbers):
        return "identifier" if _counts_rows(column) else "number"
    return _type_of_texts(column)


def _counts_rows(column: Numbers) -> bool:
    """Whether whole numbers, another in each row, have the name of an identifier or follow one another."""
    values = column.values
    if len(values) < LEAST_ROWS or column.reads == "moment" or column.distinct < len(values):
        return False
    if not (values == np.floor(values)).all():
        return False
    return values.max() - values.min() == len(values) - 1 or has_identifier_name(column.name)


def has_identifier_name(name: str) -> bool:
    """Whether a column is called like an identifier: "id", "customer_id", "userId", "Unnamed: 0"."""
    return _IDENTIFIER_NAME.fullmatch(name) is not None or _CAMEL_ID.fullmatch(name) is not None


def _type_of_texts(column: Texts) -> ColumnType:
    present = int((~column.is_missing).sum())
    share = column.distinct / present
    used = np.unique(column.codes[column.codes >= 0])[:_SAMPLE]
    words = sum(len(column.values[code].split()) for code in used.tolist()) / len(used)
    if words >= _WORDS_OF_TEXT and (share > 0.5 or column.distinct > MAX_CATEGORIES):
        return "text"
    if present >= LEAST_ROWS and (share > _UNIQUE_SHARE or (share > 0.5 and has_identifier_name(column.name))):
        return "identifier"
    return "category"
