"""Many rows in one statement.

The time that PostgreSQL takes for a batch is spent on the way to it: a message and a set of parameters for each row. So
the rows travel as one parameter, a JSON array, which `json_to_recordset` turns into rows of the table's types; a column
of the type JSON keeps the text that was written, and a float is read as exactly as any other number. SQLite is no way
off: there the driver binds row by row.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Executable, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

# SQLAlchemy's dialects have constructors without types.
_POSTGRESQL: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_all(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, one or more, which all name the same columns, in their order.

    Raises IntegrityError where a key or a check refuses one, and then none is there.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_insert_from_json(table, tuple(rows[0])), {"rows": _encode(rows)})
    else:
        session.execute(_insert_row(table), rows)


@cache
def _insert_row(table: Table) -> Executable:
    return table.insert()


@cache
def _insert_from_json(table: Table, columns: tuple[str, ...]) -> Executable:
    names = ", ".join(columns)
    types = ", ".join(f"{name} {table.c[name].type.compile(_POSTGRESQL)}" for name in columns)
    return text(
        f"INSERT INTO {table.name} ({names}) SELECT {names} "  # noqa: S608 - the names are those of our own tables
        f"FROM json_to_recordset(CAST(:rows AS JSON)) AS row ({types})"
    )


def _text_form(value: object) -> str:
    """Return what PostgreSQL reads as this value; raises ValueError for a moment whose zone nobody knows."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a stored moment needs a time zone, got {value.isoformat()} without one")
        return value.isoformat()
    raise TypeError(f"no column holds a {type(value).__name__}")


# NaN and the infinities are no JSON; they are refused here if they come so far.
_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_text_form).encode
