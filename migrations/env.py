"""Run by Alembic: the service hands over an open connection, a developer names a database with `-x url=...`.

`alembic -x url=sqlite:////tmp/new.db revision --autogenerate -m "what changes"` writes a new migration.
"""

from typing import Any, Final

from alembic import context
from sqlalchemy import Connection, make_url

from service.store.database import Database
from service.store.models import metadata

# A change of a table's columns rebuilds the table on SQLite, which can alter little in place.
OPTIONS: Final[dict[str, Any]] = {"target_metadata": metadata, "render_as_batch": True}


def run(connection: Connection) -> None:
    """Apply what was asked for within the transaction that `connection` is in."""
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def url() -> str:
    """Return the address that the developer gave. Raises ValueError when there is none."""
    address = context.get_x_argument(as_dictionary=True).get("url")
    if address is None:
        raise ValueError("name the database: alembic -x url=sqlite:////tmp/new.db ...")
    return str(address)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif context.is_offline_mode():
    context.configure(dialect_name=make_url(url()).get_backend_name(), literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
else:
    with Database(url()).migrating() as opened:
        run(opened)
