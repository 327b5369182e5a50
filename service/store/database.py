"""The door to the database: one `Database` per process, made at the composition root and passed on.

`read()` and `write()` are the only transactions there are. A read sees one state of the database from its first
statement to its last. A write holds its lock from the beginning on SQLite, commits on leaving, and rolls back on an
error: one request or one event is one transaction.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import psycopg
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from service.errors import DatabaseUnavailable
from service.store import schema, sqlite

Dialect = Literal["sqlite", "postgresql"]

CONNECT_SECONDS: Final = 2
POOL_SECONDS: Final = 5
IDLE_SECONDS: Final = 10
"""So long PostgreSQL waits for the next statement of a transaction before it ends it."""
POOL_SIZES: Final[dict[Dialect, int]] = {"sqlite": 20, "postgresql": 5}
POOL_OVERFLOW: Final[dict[Dialect, int]] = {"sqlite": 20, "postgresql": 15}

# NaN and the infinities are no JSON; they are refused here if they come so far.
# One encoder for all: `json.dumps` makes a new one for every value unless all its settings are the defaults.
_to_json: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections to the database: those in use, those that wait for use, and the most that may be in use at once."""

    in_use: int
    idle: int
    most: int


class Database:
    """SQLite in a file or PostgreSQL, named by its URL. Nothing connects before the first transaction.

    Raises ValueError for a URL that names neither. `dialect` is "sqlite" or "postgresql"; `journal` says which journal
    SQLite keeps (None on PostgreSQL).
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.dialect: Dialect = "sqlite" if parsed.drivername.startswith("sqlite") else "postgresql"
        self.journal: sqlite.Journal | None = None
        if self.dialect == "sqlite":
            self.journal = sqlite.safe_journal(sqlite3.sqlite_version_info)
            self._engine = _sqlite_engine(parsed, self.journal)
        else:
            self._engine = _postgresql_engine(parsed)
        self._reader = self._engine.execution_options(**{sqlite.MODE: sqlite.READ}, **_snapshot(self.dialect))
        self._writer = self._engine.execution_options(**{sqlite.MODE: sqlite.WRITE})

    @property
    def description(self) -> str:
        """What the database is, in a line for logs and `cambrian doctor`; never holds a password."""
        where = self._engine.url.render_as_string(hide_password=True)
        if self.journal is None:
            return f"PostgreSQL at {where}"
        return f"SQLite {sqlite3.sqlite_version} at {where}, {sqlite.EXPLANATIONS[self.journal]}"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None on PostgreSQL."""
        return Path(str(self._engine.url.database)) if self.dialect == "sqlite" else None

    @property
    def connections(self) -> Connections:
        """How many connections this process has."""
        pool = cast("QueuePool", self._engine.pool)
        return Connections(pool.checkedout(), pool.checkedin(), POOL_SIZES[self.dialect] + POOL_OVERFLOW[self.dialect])

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database and cannot change it. Raises DatabaseUnavailable."""
        with _answered(), Session(self._reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are stored together on leaving, or not at all. Raises DatabaseUnavailable."""
        with _answered(), Session(self._writer) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the tables to what this release needs; safe when several processes do it at once.

        Raises SchemaNewer when a newer release has already changed them, and DatabaseUnavailable.
        """
        with _answered():
            schema.upgrade(self._engine)

    def downgrade(self, revision: str = "base") -> None:
        """Take migrations back down to `revision`; "base" removes all tables with all they hold."""
        with _answered():
            schema.downgrade(self._engine, revision)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Yield a connection in the transaction that migrations run in, one process at a time."""
        with _answered(), schema.locked(self._engine) as connection:
            yield connection

    def check_schema(self) -> None:
        """Raise SchemaNewer or SchemaOlder unless the tables are exactly those of this release."""
        with _answered():
            schema.check(self._reader)

    def close(self) -> None:
        """Close all connections; the next transaction would open new ones."""
        self._engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("a database URL looks like sqlite:///file or postgresql://user@host/name") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ValueError(f"the database must be sqlite or postgresql, got {backend}")
    if parsed.database in {None, "", ":memory:"} or "mode" in parsed.query:
        raise ValueError("SQLite needs a file: server and runner are two processes, which share no memory")
    return parsed.set(drivername="sqlite+pysqlite")


def _sqlite_engine(url: URL, journal: sqlite.Journal) -> Engine:
    if sqlite3.sqlite_version_info < sqlite.OLDEST_VERSION:
        raise ValueError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed")
    # The URL names the file; its folder is part of the address, and SQLite makes files only.
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        json_serializer=_to_json,
        pool_size=POOL_SIZES["sqlite"],
        max_overflow=POOL_OVERFLOW["sqlite"],
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,
    )
    sqlite.prepare(engine, journal)
    return engine


def _postgresql_engine(url: URL) -> Engine:
    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        # A server that vanished without a word is noticed within seconds, not after the two hours of TCP's default.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "application_name": "cambrian",
        # A process that is stopped within a transaction would keep its locks, and with them a job, for as long.
        "options": f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s",
    }
    return create_engine(
        url,
        json_serializer=_to_json,
        connect_args={name: value for name, value in settings.items() if name not in url.query},
        pool_pre_ping=True,
        pool_size=POOL_SIZES["postgresql"],
        max_overflow=POOL_OVERFLOW["postgresql"],
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,
    )


def _snapshot(dialect: Dialect) -> dict[str, Any]:
    # Under PostgreSQL's default isolation each statement sees another state, and the numbers of one page disagree.
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if dialect == "postgresql" else {}


@contextmanager
def _answered() -> Iterator[None]:
    """Turn "the database does not answer" into DatabaseUnavailable; mistakes in our own SQL stay what they are."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailable(f"All connections to the database were in use for {POOL_SECONDS} s.") from error
    except DBAPIError as error:
        if error.connection_invalidated or _unanswered(error.orig):
            raise DatabaseUnavailable("The database does not answer.") from error
        raise


_BUSY_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def _unanswered(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        # The lower byte is the kind; the upper ones say more about it. Errors of our own making have no code.
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF in _BUSY_CODES
    # psycopg's OperationalError covers lost connections, a server that stops, too many clients and a full disk.
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
