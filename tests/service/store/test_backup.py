"""Copies that are made while the database is written to, put back, and compared row by row."""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service.errors import SchemaNewer
from service.store.backup import BackupFailed, back_up, restore, sqlite_problems
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.event_repository import EventRepository
from service.store.models import metadata
from service.store.soundness import findings
from tests.postgres import Postgres
from tests.service.store import samples

RECORDER = """#!/bin/sh
printf '%s\\n' "$@" >"$RECORDED"
exec {program} "$@"
"""


def content(url: str) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with closing(Database(url)) as database, database.read() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@contextmanager
def written_to(database: Database) -> Iterator[list[str]]:
    """Keep adding jobs with events, and yield the ids of those that were acknowledged."""
    acknowledged: list[str] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            job_id = samples.create(database).id
            with database.write() as session:
                EventRepository(session).append_all(job_id, [("tick", {"n": n}) for n in range(20)])
            acknowledged.append(job_id)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        while len(acknowledged) < 5:
            ended.wait(0.005)
        yield acknowledged
    finally:
        ended.set()
        for writer in writers:
            writer.join()


def recorded_job(database: Database) -> Lease:
    """Run a job that has one evaluated, one failed and one pending candidate."""
    lease = samples.start(database)
    proposed = [samples.candidate(number) for number in range(3)]
    outcomes = [samples.evaluation(proposed[0]), samples.evaluation(proposed[1], None)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
    return lease


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    with closing(Database(sqlite_url)) as database:
        yield database


def test_a_copy_made_while_jobs_are_written(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "one.db"
    copy.parent.mkdir()
    with written_to(sqlite_database) as acknowledged:
        before = list(acknowledged)
        back_up(sqlite_url, copy)
        after = len(acknowledged)

    assert [path.name for path in copy.parent.iterdir()] == ["one.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    restored = f"sqlite:///{tmp_path / 'elsewhere' / 'restored.db'}"
    assert restore(copy, restored) is None
    with closing(Database(restored)) as database, database.read() as session:
        assert [finding for finding in findings(session) if not finding.ok] == []
    rows, now = content(restored), content(sqlite_url)
    assert set(before) <= {row[0] for row in rows["jobs"]}
    assert len(rows["jobs"]) <= after + 2
    # Whatever is in the copy is in the database, to the letter.
    assert all(row in now["events"] for row in rows["events"])


def test_what_was_put_back_equals_what_was_copied(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> None:
    recorded_job(sqlite_database)
    copied = content(sqlite_url)
    back_up(sqlite_url, tmp_path / "copy.db")
    samples.create(sqlite_database)
    changed = content(sqlite_url)

    with pytest.raises(BackupFailed, match="--force"):
        restore(tmp_path / "copy.db", sqlite_url)
    assert content(sqlite_url) == changed
    # The database is open meanwhile, and its next transaction sees what was put back.
    kept = restore(tmp_path / "copy.db", sqlite_url, replace=True)

    assert kept is not None
    assert content(f"sqlite:///{kept}") == changed
    assert content(sqlite_url) == copied
    with sqlite_database.read() as session:
        assert len(session.execute(select(metadata.tables["jobs"])).all()) == len(copied["jobs"])
    assert samples.create(sqlite_database).status == "queued"


def test_a_copy_is_replaced_only_when_that_is_wanted(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    back_up(sqlite_url, copy)
    first = copy.read_bytes()
    samples.create(sqlite_database)

    with pytest.raises(BackupFailed, match="is there already"):
        back_up(sqlite_url, copy)

    assert copy.read_bytes() == first

    back_up(sqlite_url, copy, replace=True)

    assert copy.read_bytes() != first


def test_a_place_that_cannot_be_written_leaves_nothing(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="could not be written"):
        back_up(sqlite_url, tmp_path / "missing" / "copy.db")

    before = set(tmp_path.iterdir())
    with pytest.raises(BackupFailed, match="no database"):
        back_up(f"sqlite:///{tmp_path / 'nothing.db'}", tmp_path / "copy.db")

    assert set(tmp_path.iterdir()) == before


def test_what_is_no_backup_is_refused(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> None:
    before = content(sqlite_url)
    text, other, damaged, newer = (tmp_path / name for name in ("text", "other.db", "damaged.db", "newer.db"))
    text.write_text("no database at all" * 100)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE birds (name)")
    for _ in range(50):
        samples.create(sqlite_database)
    back_up(sqlite_url, damaged)
    raw = bytearray(damaged.read_bytes())
    raw[len(raw) // 3 : len(raw) // 2] = b"\x55" * (len(raw) // 2 - len(raw) // 3)
    damaged.write_bytes(raw)
    back_up(sqlite_url, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    before = content(sqlite_url)

    for file, why in (
        (text, "no whole"),
        (other, "no database of Cambrian"),
        (damaged, "no whole"),
        (tmp_path / "x", "no file"),
    ):
        with pytest.raises(BackupFailed, match=why):
            restore(file, sqlite_url, replace=True)
    with pytest.raises(SchemaNewer):
        restore(newer, sqlite_url, replace=True)

    assert sqlite_problems(damaged)
    assert content(sqlite_url) == before


@pytest.fixture
def recorded(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's own pg_dump stands first in the path, and writes down how it was called."""
    programs = tmp_path / "programs"
    programs.mkdir()
    wrapper = programs / "pg_dump"
    wrapper.write_text(RECORDER.format(program=postgres.binaries / "pg_dump"))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("RECORDED", str(tmp_path / "arguments"))
    return tmp_path / "arguments"


def test_postgresql_is_dumped_while_jobs_are_written(
    postgres: Postgres, postgres_url: str, empty_postgres_url: str, recorded: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.dump"
    with closing(Database(postgres_url)) as database:
        with written_to(database) as acknowledged:
            before = list(acknowledged)
            back_up(postgres_url, copy)
        whole = tmp_path / "whole.dump"
        back_up(postgres_url, whole)

    assert postgres.password not in recorded.read_text()
    restored: list[dict[str, list[Any]]] = []
    for file in (copy, whole):
        subprocess.run(
            [
                postgres.binaries / "pg_restore",
                "--clean",
                "--if-exists",
                "--no-owner",
                f"--dbname={empty_postgres_url}",
                file,
            ],
            check=True,
        )
        restored.append(content(empty_postgres_url))
    assert set(before) <= {row[0] for row in restored[0]["jobs"]}
    assert restored[1] == content(postgres_url)
    with pytest.raises(BackupFailed, match="pg_restore --no-owner") as refused:
        restore(whole, postgres_url)
    assert postgres.password not in str(refused.value)


def test_without_pg_dump_it_is_said_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("pg_dump") is None

    with pytest.raises(BackupFailed, match="not installed here"):
        back_up(postgres_url, tmp_path / "copy.dump")

    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_be_reached_is_a_sentence(
    postgres: Postgres, postgres_url: str, recorded: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="pg_dump could not copy"):
        back_up(postgres_url.rsplit("/", 1)[0] + "/nowhere", tmp_path / "copy.dump")

    assert not (tmp_path / "copy.dump").exists()
