"""Copies of the whole database: made while the service runs, checked before they count, and put back.

SQLite is copied by its own backup interface in one step, which sees one state of the database; a copy appears under its
name only when it is whole, on the disk and free of errors. PostgreSQL is copied by `pg_dump`, which belongs to it.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url

from service.store import schema

BUSY_SECONDS: Final = 60


class BackupFailed(Exception):
    """A backup could not be made or put back; the message says why and what to do."""


def back_up(url: str, file: Path, *, replace: bool = False) -> None:
    """Write a copy of the database at `url` into `file`. Raises BackupFailed.

    A file that is there already is replaced only where that is wanted, and only by a copy that is whole.
    """
    if file.exists() and not replace:
        raise BackupFailed(f"{file} is there already; name another file, or replace it with --force")
    parsed = make_url(url)
    with _appearing(file) as unfinished:
        if parsed.get_backend_name() == "sqlite":
            _copy_sqlite(Path(str(parsed.database)), unfinished)
            _make_one_file(unfinished)
            problems = sqlite_problems(unfinished)
            if problems:
                raise BackupFailed(f"the copy is damaged, and so most likely the database: {problems[0]}")
        else:
            _dump(parsed, unfinished)


def restore(file: Path, url: str, *, replace: bool = False) -> Path | None:
    """Put the copy in `file` where the SQLite database at `url` is or was, and return where the former one was kept.

    The copy is checked first. It is written in one transaction, so that a process that has the database open sees
    either the former content or that of the copy. Raises BackupFailed, and SchemaNewer for a copy of a newer release.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise BackupFailed(
            "PostgreSQL is restored by its own program, into an empty database: "
            f"pg_restore --no-owner --dbname={_without_password(parsed)} {file}"
        )
    target = Path(str(parsed.database))
    _require_readable_backup(file)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
    elif not replace:
        raise BackupFailed(f"{target} holds a database already; stop the service, and replace it with --force")
    kept = None
    if target.exists():
        kept = target.with_name(f"{target.name}.before-restore-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        with _appearing(kept) as unfinished:
            _copy_sqlite(target, unfinished)
            _make_one_file(unfinished)
    _copy_sqlite(file, target)
    return kept


def sqlite_problems(file: Path) -> list[str]:
    """Return what SQLite itself finds wrong in a database; nothing where it is whole."""
    try:
        with closing(_open(file, "ro")) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(10)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return found + [f"row {row} of {table} points to nothing in {parent}" for table, row, parent, _ in orphans]


def _require_readable_backup(file: Path) -> None:
    if not file.is_file():
        raise BackupFailed(f"there is no file {file}")
    problems = sqlite_problems(file)
    if problems:
        raise BackupFailed(f"{file} is no whole SQLite database: {problems[0]}")
    with closing(_open(file, "ro")) as connection:
        try:
            revisions = {str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")}
        except sqlite3.OperationalError:
            raise BackupFailed(f"{file} holds no database of Cambrian") from None
    schema.require_known(revisions)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BackupFailed(f"there is no database {source}")
    try:
        with closing(_open(source, "ro")) as origin, closing(_open(target, "rwc")) as copy:
            origin.backup(copy)
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"{source} could not be copied: {error}") from error


def _make_one_file(file: Path) -> None:
    """Take the mark of a write-ahead log off a copy, which else asks for two more files beside it."""
    with closing(_open(file, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _open(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS)
    connection.isolation_level = None
    return connection


def _dump(url: URL, file: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed(
            "PostgreSQL is copied by its own program pg_dump, which is not installed here: install PostgreSQL's client "
            "programs of the server's version or newer, or run pg_dump where the server is (docs/operation.md)"
        )
    command = [program, "--format=custom", "--no-password", f"--file={file}", f"--dbname={_without_password(url)}"]
    # The command line of a process is seen by every user of a machine, its environment is not.
    environment = os.environ | ({"PGPASSWORD": url.password} if url.password else {})
    done = subprocess.run(  # noqa: S603 - the address has been checked, and no shell takes part
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or f"it ended with code {done.returncode}").splitlines()
        raise BackupFailed(f"pg_dump could not copy the database: {'; '.join(said[:3])}")


def _without_password(url: URL) -> str:
    kept = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return kept.render_as_string()


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """Yield a name beside `file` to write to; what was written gets the name `file` once it is on the disk."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        # Whoever may read a backup may read everything.
        unfinished.touch(mode=0o600, exist_ok=False)
        yield unfinished
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(file)
        _sync_folder(file.absolute().parent)
    except OSError as error:
        raise BackupFailed(f"{file} could not be written: {error.strerror or error}") from error
    finally:
        for left in (
            unfinished,
            *(unfinished.with_name(unfinished.name + end) for end in ("-wal", "-shm", "-journal")),
        ):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
