"""What a report is made of, whatever it is written as: sections of paragraphs, tables, drawings and charts.

All text is plain; whoever writes it escapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences; the `lead` says the most important thing of all."""

    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; one of numbers is aligned to the right."""

    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns; the first cell of a row names it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text to be copied as it is: JSON, or commands for a shell."""

    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Our own SVG, with words for those who do not see it."""

    svg: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A Plotly figure, and its numbers as a table; `summary` says what it shows."""

    name: str
    title: str
    summary: str
    note: str
    figure: Mapping[str, Any]
    table: Table


Block = Paragraph | Facts | Table | Listing | Drawing | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading; `name` is its place in an address."""

    name: str
    title: str
    blocks: tuple[Block, ...]
