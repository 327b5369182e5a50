"""A chart as a table of numbers with a sentence; what draws it is a function of this alone."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.metrics import MetricName

ChartName = Literal[
    "best-so-far",
    "candidates",
    "learning-curves",
    "workers",
    "layers",
    "neurons",
    "importance",
    "depth-width",
    "parallel",
    "operators",
    "calibration",
    "generations",
]
CHART_NAMES: tuple[ChartName, ...] = get_args(ChartName)

Cell = str | int | float | bool | None | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart's table; `unit` is empty for names and for plain numbers."""

    name: str
    title: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """The numbers of a chart. `summary` is what somebody hears who cannot see it: one sentence with the main number.

    `note` says what the rows are: all, or which sample of how many. Each row has one cell per column.
    """

    name: ChartName
    title: str
    summary: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str
    metric: MetricName

    def column(self, name: str) -> list[Any]:
        """Return the cells of a column."""
        place = self._place(name)
        return [row[place] for row in self.rows]

    def records(self, *names: str) -> list[tuple[Any, ...]]:
        """Return some columns, row by row."""
        places = [self._place(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows]

    def _place(self, name: str) -> int:
        return next(place for place, column in enumerate(self.columns) if column.name == name)


def to_csv(chart: Chart) -> str:
    """Write the table as RFC 4180 has it: names first, CRLF, numbers with all their digits, nothing for None."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in chart.columns])
    writer.writerows([[_cell(cell) for cell in row] for row in chart.rows])
    return text.getvalue()


def _cell(cell: Cell) -> str | int | float | None:
    match cell:
        case bool():
            return "true" if cell else "false"
        case tuple():
            return " ".join(map(str, cell))
        case _:
            return cell


def listed_rows(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Return rows as a chart holds them."""
    return tuple(tuple(row) for row in rows)
