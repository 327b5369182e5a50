"""How commands speak: data to stdout, messages and the one progress line to stderr."""

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from service.logs import give_up_stderr

ERASE_LINE = "\r\x1b[2K"


def say(message: str) -> None:
    """Write one message to stderr; one that nobody can read any more must not stop what it tells of."""
    try:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        give_up_stderr()


def print_json(value: object) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table with left-aligned columns."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]


def printable(text: Any, limit: int = 80) -> str:
    """Return `text` on one line, without control characters: names come from users and go to a terminal."""
    clean = "".join(character if character.isprintable() else " " for character in str(text))
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


class ProgressLine:
    """One line that is rewritten in place; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._live:
            # A line that wraps could not be erased.
            fitting = printable(text, shutil.get_terminal_size().columns - 1)
            sys.stderr.write(f"{ERASE_LINE}{fitting}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line, so that a message can stand in its place."""
        if self._live:
            sys.stderr.write(ERASE_LINE)
            sys.stderr.flush()
