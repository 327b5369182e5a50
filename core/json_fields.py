"""Reads the fields of a stored JSON object strictly: what is written today must be refused, not guessed, tomorrow."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import CoreError


def json_object(value: object, *, what: str, keys: Iterable[str], error: type[CoreError]) -> Mapping[str, Any]:
    """Return `value` as a mapping that has exactly these keys; raises `error` otherwise."""
    if not isinstance(value, Mapping):
        raise error(f"{what}: expected a JSON object, got {type(value).__name__}")
    wanted = set(keys)
    unknown = sorted(str(key) for key in value if key not in wanted)
    if unknown:
        raise error(f"{what}: unknown field {unknown[0]!r}; known are {', '.join(sorted(wanted))}")
    missing = sorted(key for key in wanted if key not in value)
    if missing:
        raise error(f"{what}: the field {missing[0]!r} is missing")
    return value


def check_format(
    value: Mapping[str, Any], *, what: str, known: int, error: type[CoreError], oldest: int | None = None
) -> None:
    """Refuse a format number that this release does not read: it reads `oldest` (or only `known`) to `known`."""
    number = value["format"]
    oldest = known if oldest is None else oldest
    if type(number) is not int or not oldest <= number <= known:
        reads = f"format {known}" if oldest == known else f"formats {oldest} to {known}"
        raise error(f"{what}: format {number!r} is unknown to this release, which reads {reads}"[:300])


def check_int(value: object, *, what: str, low: int, high: int, error: type[CoreError]) -> None:
    """Refuse anything but an int (a bool is none) from `low` to `high`."""
    if type(value) is not int:
        raise error(f"{what} must be an integer, got {type(value).__name__} {value!r}"[:300])
    if not low <= value <= high:
        shown = str(value) if -(10**30) < value < 10**30 else f"a number of {value.bit_length()} bits"
        raise error(f"{what} must be from {low} to {high}, got {shown}")
