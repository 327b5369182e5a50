"""`cambrian db` as an operator runs it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.service.cli.commands import cambrian, environment

pytestmark = pytest.mark.slow


def test_backup_check_and_restore(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    database, copy = tmp_path / "data" / "cambrian.db", tmp_path / "copy.db"
    assert cambrian("db", "upgrade", env=env).returncode == 0

    made = cambrian("db", "backup", str(copy), env=env)

    assert (made.returncode, made.stdout) == (0, "")
    assert "checked" in made.stderr
    again = cambrian("db", "backup", str(copy), env=env)
    assert again.returncode == 1
    assert "--force" in again.stderr
    refused = cambrian("db", "restore", str(copy), env=env)
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    database.unlink()
    assert cambrian("db", "restore", str(copy), env=env).returncode == 0
    checked = cambrian("db", "check", "--json", env=env)
    assert checked.returncode == 0
    assert all(line["broken"] == 0 for line in json.loads(checked.stdout))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO datasets SELECT 'x', 'x', 'x', '[]', '[]', 1, 1, 1, 'x', 'x', '2026-01-01'")
        connection.execute(
            "INSERT INTO progress (job_id, phase, proposed, evaluated, failed, epochs, flops, seconds, improvements)"
            " VALUES ('nobody', 'search', 1, 0, 0, 0, 0, 0, '[]')"
        )
    broken = cambrian("db", "check", env=env)
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout
    assert "Traceback" not in broken.stderr


def test_a_database_that_was_never_upgraded_is_named(tmp_path: Path) -> None:
    answer = cambrian("db", "check", env=environment(tmp_path))

    assert answer.returncode == 1
    assert "db upgrade" in answer.stderr
