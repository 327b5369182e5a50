"""What makes SQLite safe for several processes at once: the journal, the lock of a transaction, the settings."""

import sqlite3
import time
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, event

Journal = Literal["wal", "truncate"]

OLDEST_VERSION: Final = (3, 35, 0)
"""The first one with RETURNING."""

BUSY_SECONDS: Final = 30
RETRY_SECONDS: Final = 0.01

EXPLANATIONS: Final[dict[Journal, str]] = {
    "wal": "with a write-ahead log",
    "truncate": "with a rollback journal: the write-ahead log of this version can lose data (3.51.3 mends it)",
}

# The execution option by which `database.py` says how a transaction begins, and its values.
MODE: Final = "cambrian_mode"
READ: Final = "read"
WRITE: Final = "write"
MIGRATE: Final = "migrate"

_BEGIN: Final = {
    # A read sees one state throughout. Writing in it would fail at once with "database is locked" when another
    # process wrote meanwhile, whatever the busy timeout; so it is refused always, in tests too.
    READ: ("PRAGMA query_only = ON", "BEGIN DEFERRED"),
    WRITE: ("PRAGMA query_only = OFF", "BEGIN IMMEDIATE"),
    # A migration that rebuilds a table drops the old one, which would delete the rows that point to it.
    MIGRATE: ("PRAGMA query_only = OFF", "PRAGMA foreign_keys = OFF", "BEGIN EXCLUSIVE"),
}


def safe_journal(version: tuple[int, int, int]) -> Journal:
    """Return the journal that loses nothing with this version of the SQLite library.

    Before 3.51.3 (mended in 3.50.7 and 3.44.6 too) a race when the write-ahead log is reset can lose committed
    transactions if several connections use it. Those versions get the rollback journal.
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    return "wal" if mended else "truncate"


def prepare(engine: Engine, journal: Journal) -> None:
    """Give every connection of `engine` its settings, and every transaction its own BEGIN."""

    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver begins transactions late and by rules of its own; with None it leaves them to us.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        _keep(cursor, journal)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        for statement in _BEGIN[connection.get_execution_options().get(MODE, WRITE)]:
            connection.exec_driver_sql(statement)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _keep(cursor: sqlite3.Cursor, journal: Journal) -> None:
    """Set the journal, waiting for others who do the same: to this lock SQLite's own timeout does not apply."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            (kept,) = cursor.execute(f"PRAGMA journal_mode = {journal}").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            if kept != journal:
                raise sqlite3.OperationalError(f"the database keeps the journal {kept!r} instead of {journal!r}")
            return
