"""Reads JSON strictly, and says which field was at fault.

Python's parser accepts what JSON forbids (NaN, duplicate keys, a byte order mark) and what no database column can hold
(NUL, lone surrogates, numbers of thousands of digits). Each is kept as a marker while parsing, because the parser does
not know where it is; a walk over the result then finds the markers and their pointers.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from service.api.problems import printable
from service.errors import CambrianError, FieldError, MalformedJson, Unprocessable

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 40
_MAX_ERRORS: Final = 20
_INFINITE: Final = float("inf")
_HARMLESS: Final = (int, float, type(None))

_Place = tuple["_Place | None", str | int]


@dataclass(frozen=True, slots=True)
class _Marker:
    """A value that JSON text may not hold (`malformed`), or that it may, but no request of ours."""

    detail: str
    malformed: bool = False


def parse_json(body: bytes) -> Any:
    """Parse a request body; raises MalformedJson for what is not JSON, Unprocessable for what is not acceptable."""
    text = _decoded(body)
    try:
        value = json.loads(
            text,
            parse_int=_whole,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    _check(value)
    return value


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not valid JSON: the body is not UTF-8 (byte {error.start})") from None
    if text.startswith("\ufeff"):
        raise MalformedJson("not valid JSON: the body begins with a byte order mark; send UTF-8 without one")
    if not text.strip(" \t\r\n"):
        raise MalformedJson("not valid JSON: the body is empty")
    return text


def _whole(digits: str) -> int | _Marker:
    # Converting takes quadratic time in the number of digits, and none of our fields is that large.
    if len(digits) > MAX_DIGITS:
        return _Marker(f"is a number of {len(digits):,} digits; at most {MAX_DIGITS} are read")
    return int(digits)


def _number(digits: str) -> float | _Marker:
    value = float(digits)
    if abs(value) == _INFINITE:
        return _Marker("is out of range: numbers must lie within those of double precision, up to about 1.8e308")
    return value


def _constant(name: str) -> _Marker:
    return _Marker(f"not valid JSON: {name}; write a number", malformed=True)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Marker:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                return _Marker(f'has the key "{printable(key)}" more than once; give each key once')
            seen.add(key)
    return value


def _check(value: Any) -> None:
    """Walk without recursion; raises for the markers, bad strings and nesting that it finds."""
    errors: list[FieldError] = []
    malformed = False
    # Places are linked, and spelled out only where something is wrong: a megabyte holds hundreds of thousands of them.
    stack: list[tuple[_Place | None, int, Any]] = [(None, 0, value)]
    while stack and len(errors) < _MAX_ERRORS:
        place, depth, item = stack.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(item, _Marker):
            malformed = malformed or item.malformed
            errors.append(FieldError(_pointer(place), item.detail))
        elif isinstance(item, str):
            if fault := _fault(item):
                errors.append(FieldError(_pointer(place), fault))
        elif isinstance(item, list):
            # Reversed, because the stack hands out the last one first.
            stack.extend(
                ((place, index), depth + 1, item[index])
                for index in range(len(item) - 1, -1, -1)
                if not isinstance(item[index], _HARMLESS)
            )
        elif isinstance(item, dict):
            for key, child in reversed(item.items()):
                if fault := _fault(key):
                    errors.append(FieldError(_pointer(place), f"has a key that {fault}"))
                elif not isinstance(child, _HARMLESS):
                    stack.append(((place, key), depth + 1, child))
    if errors:
        detail = f"{errors[0].pointer}: {errors[0].detail}" if errors[0].pointer else f"the body {errors[0].detail}"
        kind: type[CambrianError] = MalformedJson if malformed else Unprocessable
        raise kind(detail, errors=errors[:_MAX_ERRORS])


def _pointer(place: "_Place | None") -> str:
    parts: list[str] = []
    while place is not None:
        place, key = place
        parts.append(printable(str(key)).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in reversed(parts))


def _fault(text: str) -> str | None:
    if "\0" in text:
        return "contains the character NUL (\\u0000), which is not accepted"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "contains half of a surrogate pair, which is not a character"
    return None


def _too_deep() -> Unprocessable:
    return Unprocessable(f"the body is nested more than {MAX_DEPTH} levels deep")
