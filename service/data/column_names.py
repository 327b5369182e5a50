"""The names of a table's columns: each there, different from the others, and fit to be shown."""

from collections import Counter
from collections.abc import Sequence

from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_COLUMNS, MAX_NAME_CHARACTERS


def checked_names(header: Sequence[str], *, where: str) -> tuple[str, ...]:
    """Return the names without spaces around them. Raises InvalidFile, which names what is wrong with which."""
    if len(header) > MAX_COLUMNS:
        detail = f"the file has {len(header):,} columns; the limit is {MAX_COLUMNS:,}. Leave some out"
        raise InvalidFile("too-large", detail)
    names = tuple(name.strip() for name in header)
    empty = [number for number, name in enumerate(names, 1) if not name]
    if empty:
        raise InvalidFile(
            "unacceptable",
            f"{where}: column {empty[0]} has no name ({len(empty)} in all). Name it, or leave it out if it "
            "only counts the rows (pandas: to_csv(index=False))",
        )
    for number, name in enumerate(names, 1):
        if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise InvalidFile(
                "unacceptable",
                f"{where}: the name of column {number}, {shown(name)}, must have 1 to {MAX_NAME_CHARACTERS} printable "
                "characters; rename it",
            )
    double = sorted(name for name, times in Counter(names).items() if times > 1)
    if double:
        named = ", ".join(shown(name) for name in double[:3])
        more = f" and {len(double) - 3} more" if len(double) > 3 else ""
        raise InvalidFile("unacceptable", f"{where}: more than one column is called {named}{more}; rename all but one")
    return names
