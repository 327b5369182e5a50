"""The schema of the database over time: applies the migrations, one process at a time, all or none."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import migrations
from service.errors import SchemaNewer
from service.store import sqlite

# Any number will do, as long as every release takes the same: "cambrian" as eight bytes.
ADVISORY_LOCK: Final = int.from_bytes(b"cambrian", "big")
ADVISORY_PATIENCE: Final = "120s"
# A migration that waits for a table blocks everybody who comes after it; it gives up instead, and is tried again.
LOCK_PATIENCE: Final = "5s"

log = logging.getLogger(__name__)


class SchemaOlder(Exception):
    """The database has not been upgraded to this release; run `cambrian db upgrade`."""


def upgrade(engine: Engine) -> None:
    """Apply all migrations that are missing, in one transaction under a lock. Raises SchemaNewer."""
    config = _config()
    with engine.execution_options(**{sqlite.MODE: sqlite.READ}).connect() as connection:
        if _revisions(connection, config) == _heads(config):
            return
    with locked(engine) as connection:
        # Another process may have done it while this one waited for the lock.
        if _revisions(connection, config) != _heads(config):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def downgrade(engine: Engine, revision: str) -> None:
    """Take back the migrations after `revision`, in one transaction under a lock. Raises SchemaNewer."""
    config = _config()
    with locked(engine) as connection:
        _revisions(connection, config)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def check(engine: Engine) -> None:
    """Raise SchemaNewer or SchemaOlder unless all migrations of this release, and no others, are applied."""
    config = _config()
    with engine.connect() as connection:
        if _revisions(connection, config) != _heads(config):
            raise SchemaOlder("the database needs an upgrade: run `cambrian db upgrade`, or start `cambrian serve`")


def _config() -> Config:
    config = Config()
    # Found through the package, not the current folder, so that an installed release finds its own. The parser of the
    # settings takes a percent sign for the beginning of a reference.
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config


def _heads(config: Config) -> set[str]:
    return set(ScriptDirectory.from_config(config).get_heads())


def _revisions(connection: Connection, config: Config) -> set[str]:
    """Return the newest migrations that the database has. Raises SchemaNewer when this release does not know one."""
    applied = set(MigrationContext.configure(connection).get_current_heads())
    require_known(applied, config)
    return applied


def require_known(applied: set[str], config: Config | None = None) -> None:
    """Raise SchemaNewer when this release does not know one of the migrations `applied`."""
    known = {script.revision for script in ScriptDirectory.from_config(config or _config()).walk_revisions()}
    if applied - known:
        raise SchemaNewer(
            f"the database was changed by a newer release (its schema is {', '.join(sorted(applied))}); "
            "start that release, or restore a backup from before its first start"
        )


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that no second process can be in at the same time."""
    if engine.dialect.name == "sqlite":
        with _exclusive(engine) as connection:
            yield connection
        return
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{ADVISORY_PATIENCE}'"))
        # Ends with the transaction, and so with the process, however it ends.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'"))
        yield connection


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**{sqlite.MODE: sqlite.MIGRATE}) as connection:
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"a migration left {len(broken)} rows that point to nothing")
        finally:
            # It has its foreign keys off, which must not reach the next transaction.
            connection.invalidate()
