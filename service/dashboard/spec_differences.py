"""In what the specs of jobs differ: a pure function from their JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LEFT_OUT: Final = frozenset({"name"})
"""Fields that change nothing of what a job does."""

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, by its path in the spec, and its value in each of them as text; None where it is not given."""

    field: str
    values: tuple[str | None, ...]


def differences(specs: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """Return the fields in which the specs are not all the same, in their order."""
    flat = [dict(_fields(spec, "")) for spec in specs]
    names = dict.fromkeys(name for fields in flat for name in fields)
    found = []
    for name in names:
        values = [fields.get(name, _ABSENT) for fields in flat]
        if name not in LEFT_OUT and any(value != values[0] for value in values):
            found.append(Difference(name, tuple(_text(value) for value in values)))
    return tuple(found)


def _fields(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        where = f"{path}{name}"
        if isinstance(inner, Mapping) and inner:
            yield from _fields(inner, f"{where}.")
        else:
            yield where, inner


def _text(value: Any) -> str | None:
    if value is _ABSENT or value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
