"""Lines of the log as they leave the process, and what happens when they cannot."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.contextvars import bound_contextvars

from service.logs import LogFormat, configure_logging, redacted
from tests.service.cli.commands import CAMBRIAN, cambrian, environment

Lines = Callable[[], list[str]]


@pytest.fixture
def set_up(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[LogFormat], Lines]]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {
        name: logging.getLogger(name).level
        for name in ("alembic.runtime.migration", "httpx", "uvicorn.error", "service.requests")
    }

    def configure(form: LogFormat) -> Lines:
        configure_logging("info", form)
        return lambda: capfd.readouterr().err.splitlines()  # noqa: PLW0108 - what was read so far, at each call

    yield configure
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_a_line_is_one_object_with_what_is_bound(set_up: Callable[[LogFormat], Lines]) -> None:
    lines = set_up("auto")
    with bound_contextvars(job="3f9c", lease=2):
        logging.getLogger("service.runner").warning("lost %d of %d", 1, 2, extra={"seconds": 0.5, "_theirs": 1})

    (line,) = lines()
    told = json.loads(line)

    assert list(told)[:4] == ["timestamp", "level", "logger", "event"]
    assert told["timestamp"].endswith("Z")
    assert {name: told[name] for name in told if name != "timestamp"} == {
        "level": "warning",
        "logger": "service.runner",
        "event": "lost 1 of 2",
        "job": "3f9c",
        "lease": 2,
        "seconds": 0.5,
    }


def test_a_line_for_people(set_up: Callable[[LogFormat], Lines]) -> None:
    lines = set_up("text")
    with bound_contextvars(job="3f9c"):
        logging.getLogger("service.runner").warning("lost")

    (line,) = lines()

    assert line[19:] == "Z WARNING service.runner: lost job=3f9c"


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_steers_the_terminal_or_forges_a_line(form: LogFormat, set_up: Callable[[LogFormat], Lines]) -> None:
    lines = set_up(form)
    evil = "a\x1b[31m\n2026-01-01T00:00:00Z INFO forged: b\r\u202e\u2028\x00\x9b\ud800"
    logging.getLogger("x").error("%s", evil, extra={"name_of_job": evil})

    (line,) = lines()

    assert all(character.isprintable() for character in line)
    assert "\\u202e" in line


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_is_kept(form: LogFormat, set_up: Callable[[LogFormat], Lines]) -> None:
    lines = set_up(form)
    try:
        raise ValueError("a\x1b[31mb")
    except ValueError:
        logging.getLogger("x").exception("it failed")

    said = lines()

    assert (len(said) == 1) == (form == "json")
    assert "ValueError" in said[-1]
    assert "test_logs.py" in "".join(said)
    assert "\x1b" not in "".join(said)


@pytest.mark.parametrize(
    "text",
    [
        "cmb_CANARYcanaryCANARY0123456789",
        "{'authorization': 'Bearer CANARY0123'}",
        "Authorization: Bearer CANARY.0123-x",
        "[(b'authorization', b'Basic CANARY0123==')]",
        "postgresql://cambrian:CANARY:/?#0123@postgres:5432/cambrian",
        "host=a password=CANARY0123 user=b",
        "connection(password='CANARY0123')",
        '{"database_password": "CANARY0123"}',
    ],
)
def test_secrets_are_taken_out(text: str, set_up: Callable[[LogFormat], Lines]) -> None:
    lines = set_up("json")
    logging.getLogger("x").error("%s", text, extra={"more": text})
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logging.getLogger("x").exception("it failed")

    said = "\n".join(lines())

    assert "CANARY" not in said
    assert "***" in said


@pytest.mark.parametrize(
    "text",
    [
        "password authentication failed for user cambrian",
        "the basic idea of the secret garden",
        "SQLite 3.46 at sqlite+pysqlite:////data/cambrian.db",
        "Cambrian listens on http://127.0.0.1:8642",
        "PostgreSQL at postgresql://cambrian@postgres:5432/cambrian",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


PROGRAM = """
import logging, os, sys
from service.cli.output import say
from service.logs import configure_logging
configure_logging("info", "json")
for number in range(3):
    logging.getLogger("x").error("line %d", number)
    say("a message")
os.write(1, b"went on")
"""


@pytest.mark.parametrize("fault", ["full", "closed", "nobody reads"])
def test_a_log_that_cannot_be_written_stops_nothing(fault: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    redirection = {"full": "2>/dev/full", "closed": "2>&-", "nobody reads": ""}[fault]
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {redirection}', sys.executable, PROGRAM],
        stdout=subprocess.PIPE,
        stderr=writer,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stdout) == (0, b"went on")


@pytest.mark.slow
def test_a_service_without_a_log_serves_and_ends_well(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"CAMBRIAN_LOG_LEVEL": "debug"}
    port = _free_port()
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" serve --port "$1" >/dev/full 2>/dev/full', CAMBRIAN, str(port)], env=env
    )
    try:
        asked = env | {"CAMBRIAN_URL": f"http://127.0.0.1:{port}"}
        for _ in range(100):
            answer = cambrian("jobs", "--json", env=asked)
            if answer.returncode == 0:
                break
        assert json.loads(answer.stdout) == []
    finally:
        process.terminate()
        code = process.wait(15)

    assert code == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
