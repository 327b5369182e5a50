"""Each thing that can be wrong is made wrong, and told in a sentence without a path."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from service import readiness
from service.readiness import Concern, concerns, filesystem_of
from service.store.database import Database
from service.store.lease import RunnerIdentity
from service.store.runner_repository import RunnerRepository
from tests.service.store import samples


class Usage(NamedTuple):
    free: int


def details(database: Database, folder: Path) -> list[str]:
    found = concerns(database, folder)

    assert all(str(folder) not in concern.detail for concern in found)

    return [concern.detail for concern in found]


def disk(database: Database, folder: Path) -> list[Concern]:
    return [concern for concern in concerns(database, folder) if concern.check == "disk"]


def test_nothing_is_wrong_at_first(database: Database, tmp_path: Path) -> None:
    assert concerns(database, tmp_path / "not" / "made" / "yet") == []


def test_jobs_that_wait_with_a_runner_alive_are_no_concern(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", timedelta(0))
    samples.create(database)
    assert "no runner works" in details(database, tmp_path)[0]

    with database.write() as session:
        RunnerRepository(session).report(RunnerIdentity.of_this_process(), None, None)

    assert details(database, tmp_path) == []

    with database.write() as session:
        RunnerRepository(session).leave(RunnerIdentity.of_this_process())

    assert "no runner works" in details(database, tmp_path)[0]


def test_a_runner_without_its_cluster_is_told(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        RunnerRepository(session).report(
            samples.ELSEWHERE, None, "the Ray cluster at ray-head:6379 could not be joined"
        )

    (detail,) = details(database, tmp_path)

    assert "cannot train" in detail
    assert "ray-head" not in detail


def test_a_disk_that_fills_is_a_warning_and_then_serious(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A disk of another size would need the rights to mount one.
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(300_000_000))
    assert disk(database, tmp_path) == [
        Concern("disk", False, "the disk of the data directory has 300 MB left; make room")
    ]

    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(1_000_000))

    assert [concern.serious for concern in disk(database, tmp_path)] == [True]


def test_sqlite_on_a_network_file_system_is_told(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/vda rw\n"
        f"2 1 0:5 / {str(tmp_path).replace(' ', chr(92) + '040')} rw,relatime shared:7 - nfs4 server:/x rw\n"
    )
    monkeypatch.setattr(readiness, "_MOUNTS", mounts)
    with closing(Database(sqlite_url)) as database:
        assert "network file system (nfs4)" in details(database, tmp_path)[0]

    assert filesystem_of(tmp_path / "a file") == "nfs4"
    assert filesystem_of(Path("/etc/hosts")) == "ext4"


def test_the_file_system_here_is_the_one_that_the_kernel_names() -> None:
    told = subprocess.run(["stat", "--file-system", "--format=%T", "/proc"], capture_output=True, text=True, check=True)

    assert filesystem_of(Path("/proc/version")) == told.stdout.strip() == "proc"


def test_a_write_ahead_log_that_grows_is_told(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LARGE_LOG_BYTES", 100_000)
    with closing(Database(sqlite_url)) as database:
        samples.create(database)
        assert database.file is not None
        with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA wal_autocheckpoint = 0")
            writer.execute("CREATE TABLE t (x)")
            writer.execute("INSERT INTO t VALUES (zeroblob(300000))")
            # The log that some reader keeps from being begun anew.
            shutil.copy(tmp_path / "other.db-wal", f"{database.file}-wal")
        found = list(readiness._sqlite(database))

    assert any("write-ahead log has grown to 0 MB" in concern.detail for concern in found)
    assert not any(concern.serious for concern in found)


def test_a_slow_database_is_told(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "SLOW_SECONDS", 0.0)

    assert "small questions" in details(database, tmp_path)[0]
