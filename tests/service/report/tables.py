"""The tables of a written report, read back by strangers to what wrote them."""

import re
from html.parser import HTMLParser

Tables = dict[str, list[list[str]]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: Tables = {}
        self._caption = ""
        self._rows: list[list[str]] = []
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"th", "td", "caption"}:
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text or ())
        if tag == "caption":
            self._caption = text
        elif tag in {"th", "td"}:
            self._rows[-1].append(text)
        elif tag == "table":
            assert self._caption not in self.tables

            self.tables[self._caption] = self._rows
        if tag in {"caption", "th", "td"}:
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)


def html_tables(text: str) -> Tables:
    """Return every table by its caption; the first row is its header."""
    reader = _Reader()
    reader.feed(text)
    return reader.tables


def markdown_tables(text: str) -> Tables:
    """Return every table by the line before it, as GitHub reads it."""
    found: Tables = {}
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if re.fullmatch(r"\|(-+:?\|)+", line):
            caption = _unescaped(lines[place - 3]).removesuffix(":")
            rows = [_cells(lines[place - 1])]
            for row in lines[place + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(_cells(row))

            assert caption not in found
            assert {len(row) for row in rows} == {len(rows[0])}

            found[caption] = rows
    return found


def _cells(line: str) -> list[str]:
    return [_unescaped(cell.strip()) for cell in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
