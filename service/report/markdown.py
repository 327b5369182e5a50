"""The report as Markdown for a repository: tables as GitHub writes them, and no HTML.

What users named is escaped: it can make no markup, no link and no end of a table.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, assert_never

from service.report.blocks import Block, Chart, Drawing, Facts, Listing, Paragraph, Table
from service.report.sections import sections, title_of

MOST_ROWS: Final = 40
"""So many rows of a chart's numbers are written out; whoever wants more takes the JSON report."""

# Wherever these stand they may begin or end markup. "_" within a word does not, "]" only before what makes it a link.
_MARKUP: Final = re.compile(r"[\\`*<|~$]|(?<![^\W_])_|_(?![^\W_])|\](?=[\[(:])|&(?=#?\w+;)")
# At the beginning of a line: headings, lists, quotes, rulers, and the underlines of headings.
_BEGINNING: Final = re.compile(r"([#>+=-])|(\d{1,9})([.)])(?=\s|$)")


def to_markdown(document: Mapping[str, Any]) -> str:
    """Write the report as Markdown."""
    lines = [f"# {_escaped(title_of(document))}", ""]
    for section in sections(document):
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*_written(block), ""]
    return "\n".join(lines[:-1]) + "\n"


def _written(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield f"**{_escaped(block.text)}**" if block.lead else _begun(_escaped(block.text))
        case Facts():
            for name, value in block.entries:
                yield f"- {_escaped(name)}: {_escaped(value)}"
        case Table():
            yield from _table(block)
        case Listing():
            # Longer than every run of backticks within.
            fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", block.text))])
            yield from (f"{block.title}:", "", f"{fence}{block.language}", block.text, fence)
        case Drawing():
            yield _begun(_escaped(block.text))
        case Chart():
            yield from (f"### {block.title}", "", _begun(_escaped(block.summary)), "")
            if block.note:
                yield from (_begun(_escaped(block.note)), "")
            yield from _table(block.table, MOST_ROWS)
        case _:
            assert_never(block)


def _table(table: Table, most: int | None = None) -> Iterator[str]:
    cut = most is not None and len(table.rows) > most
    yield _begun(_escaped(table.caption)) + (f" (here the first {most})" if cut else "") + ":"
    yield ""
    yield _row([column.title for column in table.columns])
    yield "|" + "|".join("---:" if column.number else "---" for column in table.columns) + "|"
    for row in table.rows[:most]:
        yield _row(row)


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: f"\\{found[0]}", text.strip())


def _begun(text: str) -> str:
    """Keep the beginning of a line from being taken for that of a block."""
    found = _BEGINNING.match(text)
    if found is None:
        return text
    return (f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}") + text[found.end() :]
