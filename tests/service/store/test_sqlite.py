import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.errors import DatabaseUnavailable
from service.store import sqlite
from service.store.database import Database
from tests.service.store import samples


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 35, 0), "truncate"),
        ((3, 40, 1), "truncate"),
        ((3, 44, 5), "truncate"),
        ((3, 44, 6), "wal"),
        ((3, 45, 3), "truncate"),
        ((3, 49, 2), "truncate"),
        ((3, 50, 6), "truncate"),
        ((3, 50, 7), "wal"),
        ((3, 51, 0), "truncate"),
        ((3, 51, 2), "truncate"),
        ((3, 51, 3), "wal"),
        ((3, 52, 0), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_the_write_ahead_log_is_taken_only_where_its_race_is_mended(
    version: tuple[int, int, int], journal: sqlite.Journal
) -> None:
    assert sqlite.safe_journal(version) == journal


def pragma(database: Database, name: str) -> object:
    with database.read() as session:
        return session.execute(text(f"PRAGMA {name}")).scalar_one()


@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_connections_are_safe(sqlite_url: str, journal: sqlite.Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "safe_journal", lambda _version: journal)
    database = Database(sqlite_url)

    assert database.journal == journal
    assert pragma(database, "journal_mode") == journal
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "busy_timeout") == 30_000
    assert sqlite3.sqlite_version in database.description
    assert ("write-ahead log of this version can lose data" in database.description) == (journal == "truncate")

    database.close()


def test_a_file_with_a_write_ahead_log_goes_back_to_the_rollback_journal(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(sqlite, "safe_journal", lambda _version: "wal")
        database = Database(sqlite_url)
        job = samples.create(database)
        database.close()
    monkeypatch.setattr(sqlite, "safe_journal", lambda _version: "truncate")
    database = Database(sqlite_url)

    assert samples.get(database, job.id) == job
    assert pragma(database, "journal_mode") == "truncate"

    database.close()


def test_an_unsafe_log_that_others_use_is_not_joined(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(sqlite, "safe_journal", lambda _version: "wal")
        other = Database(sqlite_url)
    monkeypatch.setattr(sqlite, "safe_journal", lambda _version: "truncate")
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0)
    database = Database(sqlite_url)
    with other.read() as session:
        session.execute(text("SELECT 1 FROM jobs")).all()
        with pytest.raises(DatabaseUnavailable), database.read() as refused:
            refused.execute(text("SELECT 1"))
    other.close()
    database.close()


def test_a_read_refuses_to_write(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(OperationalError, match="readonly"), database.read() as session:
        session.execute(text("DELETE FROM jobs"))
    with database.write() as session:
        session.execute(text("DELETE FROM jobs"))

    database.close()


def test_writers_and_readers_wait_for_each_other(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(20):
                job = samples.create(database)
                samples.get(database, job.id)
        except Exception as error:  # noqa: BLE001 - any is a failure of the test
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(samples.dump(database)["jobs"]) == 80

    database.close()


def test_a_lock_that_is_held_too_long_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0)
    database = Database(sqlite_url)
    before = samples.create(database)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnavailable):
        samples.create(database)
    with pytest.raises(DatabaseUnavailable):
        samples.get(database, before.id)
    other.execute("ROLLBACK")
    other.close()

    assert samples.get(database, before.id) == before
    assert samples.get(database, samples.create(database).id).status == "queued"

    database.close()


def test_the_folder_of_a_new_file_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'cambrian.db'}")
    database.upgrade()

    assert (tmp_path / "new" / "folder" / "cambrian.db").is_file()

    database.close()


def test_an_old_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ValueError, match=r"3\.35 or newer"):
        Database(f"sqlite:///{tmp_path / 'cambrian.db'}")
