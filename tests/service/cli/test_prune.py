from pathlib import Path

import pytest

from service.store.database import Database
from tests.service.cli.commands import cambrian, environment
from tests.service.store import samples
from tests.service.store.test_retention import counts, ended

pytestmark = pytest.mark.slow


def test_old_jobs_are_listed_and_then_removed(tmp_path: Path, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    samples.create(database)
    old, new = ended(database, 100), ended(database, 10)
    env = environment(tmp_path, CAMBRIAN_DATABASE_URL=sqlite_url)
    command = ("db", "prune", "--older-than-days", "30")

    shown = cambrian(*command, "--dry-run", env=env)

    assert (shown.returncode, shown.stderr) == (0, "1 jobs would be removed\n")
    assert old.id in shown.stdout
    assert new.id not in shown.stdout
    assert counts(database)["jobs"] == 3

    done = cambrian(*command, env=env)

    assert (done.returncode, done.stderr, done.stdout) == (0, "1 jobs were removed\n", shown.stdout)
    assert counts(database)["jobs"] == 2
    assert cambrian("db", "prune", env=env).returncode == 2

    database.close()
