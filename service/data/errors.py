"""What can go wrong when a data set is read."""

from typing import Literal

from service.data.limits import MAX_SHOWN_CHARACTERS

Reason = Literal["too-large", "unsupported", "unacceptable"]


class DatasetUnavailable(Exception):
    """A data set that cannot be read on this machine; the message says why and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"data set {name} cannot be read: {reason}")
        self.reason = reason


class InvalidFile(Exception):
    """A user's file that makes no data set.

    `reason` is "too-large" (a limit was exceeded), "unsupported" (not a kind of file that is read) or "unacceptable"
    (read, but it makes no data set). `detail` is a sentence that says what was found where, the limit and the way out;
    it repeats at most 80 characters of the file. `field` names the option of `ReadOptions` that is at fault, if one is.
    """

    def __init__(self, reason: Reason, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
        self.field = field


class InvalidRow(Exception):
    """A row that cannot be encoded: `row` counts from 0, `column` is the name at fault, `detail` says what and why."""

    def __init__(self, row: int, column: str, detail: str) -> None:
        super().__init__(f"row {row}, column {shown(column)}: {detail}")
        self.row = row
        self.column = column
        self.detail = detail


def shown(content: object) -> str:
    """Return a user's content as a message may repeat it: in quotes, printable, at most 80 characters."""
    text = str(content)
    cut = text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."
    return (
        "'" + "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut) + "'"
    )
