import io

import pytest

from service.cli.output import ERASE_LINE, ProgressLine, printable, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text_of_users_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc\u202ed") == "a [31mb c d"
    assert printable("x" * 100, 10) == "xxxxxxxxx…"


def test_a_table_is_aligned() -> None:
    assert table(("A", "LONG"), [("wide", "1"), ("b", "22")]) == ["A     LONG", "wide  1", "b     22"]


def test_the_progress_line_stays_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    line = ProgressLine()
    line.show("search: 1/30 and much more than fits")
    line.clear()

    first, second, third = terminal.getvalue().split(ERASE_LINE)
    assert (first, third) == ("", "")
    assert second == "search: 1/30 and m…"
    assert len(second) == 19


def test_without_a_terminal_there_is_no_progress_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    line = ProgressLine()
    line.show("search: 1/30")
    line.clear()

    assert pipe.getvalue() == ""
