"""What every command has in common: help, exit codes, messages instead of tracebacks."""

import socket
from pathlib import Path

import pytest

from tests.service.cli.commands import cambrian, environment

pytestmark = pytest.mark.slow

COMMANDS = (
    "demo",
    "serve",
    "runner",
    "submit",
    "watch",
    "wait",
    "jobs",
    "show",
    "budget",
    "pause",
    "resume",
    "cancel",
    "clone",
    "label",
    "note",
    "archive",
    "delete",
    "network",
    "verify",
    "what-if",
    "data",
    "token",
    "db",
    "doctor",
)


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)])
def test_bare_command_and_help_show_examples_first(arguments: tuple[str, ...], tmp_path: Path) -> None:
    answer = cambrian(*arguments, env=environment(tmp_path))

    text = answer.stdout + answer.stderr
    assert text.index("cambrian demo") < text.index("Commands")
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert "Traceback" not in text


def test_a_typing_error_is_a_usage_error(tmp_path: Path) -> None:
    answer = cambrian("sumbit", env=environment(tmp_path))

    assert answer.returncode == 2
    assert "No such command 'sumbit'" in answer.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    answer = cambrian("doctor", env=environment(tmp_path, CAMBRIAN_PORT="many"))

    assert answer.returncode == 2
    assert "CAMBRIAN_PORT" in answer.stderr


def test_an_absent_service_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        answer = cambrian("jobs", "--url", url, env=environment(tmp_path))

    assert answer.returncode == 3
    assert "cambrian serve" in answer.stderr
    assert answer.stdout == ""


def test_submit_without_a_data_set_says_what_to_give(tmp_path: Path) -> None:
    answer = cambrian("submit", env=environment(tmp_path))

    assert answer.returncode == 2
    assert "digits-16x16" in answer.stderr


@pytest.mark.parametrize("text", ["", "[]", "{", '"digits"'])
def test_a_spec_file_that_holds_no_object_is_refused(text: str, tmp_path: Path) -> None:
    answer = cambrian("submit", "--spec", "-", env=environment(tmp_path), stdin=text)

    assert answer.returncode == 2
    assert "--spec -" in answer.stderr


def test_doctor_names_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = cambrian("doctor", env=environment(tmp_path / "file" / "data"))

    assert answer.returncode == 1
    assert answer.stdout.count("PROBLEM") == 2
    assert "CAMBRIAN_DATA_DIR" in answer.stdout


def test_doctor_finds_this_machine_in_order(tmp_path: Path) -> None:
    answer = cambrian("doctor", env=environment(tmp_path / "new"))

    assert answer.returncode == 0, answer.stdout
    assert "SQLite" in answer.stdout
    assert "PROBLEM" not in answer.stdout


def test_doctor_names_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody:secret@127.0.0.1:{free.getsockname()[1]}/nothing"
        answer = cambrian("doctor", env=environment(tmp_path, CAMBRIAN_DATABASE_URL=url))

    assert answer.returncode == 1
    assert "PROBLEM" in answer.stdout
    assert "secret" not in answer.stdout + answer.stderr


def test_db_upgrade_makes_the_tables_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        answer = cambrian("db", "upgrade", env=environment(tmp_path))

        assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "cambrian.db").exists()
