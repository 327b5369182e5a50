"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL share and SQL's standard lacks."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(dialect: str, table: Table) -> sqlite.Insert:
    """Return an insert into `table` with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if dialect == "postgresql":
        # Both dialects spell the two methods alike; only one type can be named.
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
