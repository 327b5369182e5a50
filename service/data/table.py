"""A table as it was read: columns of numbers and columns of texts, before anybody says what they mean."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.data.cells import number_text
from service.data.description import Cell, Finding, Kind
from service.data.limits import MAX_SHOWN_CHARACTERS

Rows: TypeAlias = NDArray[np.int64]

_DAY: Final = 86_400
_WHOLE: Final = 1e15


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers: float64 (rows,), NaN where missing. Days since 1970 where `reads` is "moment"."""

    name: str
    values: NDArray[np.float64]
    reads: Literal["number", "moment"] = "number"

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which cells are missing: (rows,)."""
        return np.isnan(self.values)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The number of each cell's value among the column's distinct ones, ascending; -1 where missing."""
        distinct, codes = np.unique(self.values, return_inverse=True)
        known = len(distinct) - bool(len(distinct) and np.isnan(distinct[-1]))
        return np.where(codes < known, codes, -1)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(self.codes.max(initial=-1)) + 1

    def take(self, rows: Rows) -> "Numbers":
        """Return these rows."""
        return Numbers(self.name, self.values[rows], self.reads)

    def cell(self, row: int) -> Cell:
        """Return one cell for a preview."""
        value = float(self.values[row])
        if np.isnan(value):
            return None
        if self.reads == "moment":
            moment = np.datetime64(round(value * _DAY), "s")
            return str(moment.astype("datetime64[D]") if value.is_integer() else moment).replace("T", " ")
        return int(value) if value.is_integer() and abs(value) < _WHOLE else value

    def examples(self, count: int) -> tuple[str, ...]:
        """Return a few different values as texts."""
        _, first = np.unique(self.values[~self.is_missing], return_index=True)
        present = np.flatnonzero(~self.is_missing)[np.sort(first)[:count]]
        cells = [self.cell(int(row)) for row in present]
        return tuple(number_text(cell) if isinstance(cell, float) else str(cell) for cell in cells)


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of texts: `codes` int64 (rows,) point into the distinct `values`; -1 where missing."""

    name: str
    codes: NDArray[np.int64]
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which cells are missing: (rows,)."""
        return self.codes < 0

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(np.unique(self.codes[self.codes >= 0]))

    def take(self, rows: Rows) -> "Texts":
        """Return these rows; the values stay the same."""
        return Texts(self.name, self.codes[rows], self.values)

    def cell(self, row: int) -> Cell:
        """Return one cell for a preview."""
        code = int(self.codes[row])
        return None if code < 0 else cut(self.values[code])

    def examples(self, count: int) -> tuple[str, ...]:
        """Return a few different values."""
        codes, first = np.unique(self.codes, return_index=True)
        order = codes[np.argsort(first)]
        return tuple(cut(self.values[code]) for code in order[order >= 0][:count])


RawColumn: TypeAlias = Numbers | Texts


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a file in its order, all of the same length, and what its reader noticed."""

    kind: Kind
    columns: tuple[RawColumn, ...]
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> RawColumn:
        """Return the column of this name."""
        return self.columns[self.names.index(name)]

    def take(self, rows: Rows) -> "Table":
        """Return these rows."""
        return Table(self.kind, tuple(column.take(rows) for column in self.columns), self.findings)


@dataclass(frozen=True, eq=False)
class Images:
    """Rows that are images: float32 (rows, *shape), with a target column, and what there is to show of them.

    `name` is what a row's image is called: "image" for pictures, "X" for arrays.
    """

    kind: Kind
    name: str
    values: NDArray[np.float32]
    target: RawColumn
    preview: tuple[tuple[Cell, ...], ...]
    examples: tuple[str, ...]
    use: str
    findings: tuple[Finding, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.values)


def cut(text: str) -> str:
    """Return a text short enough to be shown."""
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."
