"""The kinds of fields that requests are made of, each with one sentence that says what it accepts.

pydantic's own messages name a limit without the way out ("Input should be less than or equal to 100000"), and its
default mode coerces (`true` becomes 1, "5" becomes 5). These kinds accept exactly what they say, and every refusal of a
field reads alike, whatever was wrong with the input.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from service.errors import InvalidSpec, Unprocessable

# Zero-width joiners are invisible by themselves but part of many scripts and of emoji.
_JOINERS: Final = "\u200c\u200d"
# Control, format (among them the marks that turn the direction of text), surrogate, and line and paragraph separators.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


class StrictModel(BaseModel):
    """A model of what a user sends: no coercion, no unknown field, never changed after it was read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    refused_as: ClassVar[type[Unprocessable]] = InvalidSpec
    """The problem that a body is which does not fit this model."""


class Disagreement(PydanticCustomError):
    """Fields that contradict each other; `context["errors"]` holds (pointer below this model, detail) pairs."""

    @classmethod
    def between(cls, *errors: tuple[str, str]) -> Self:
        """Build the error that names every field involved."""
        return cls("disagreement", "the fields contradict each other", {"errors": errors})


class Nothing(StrictModel):
    """An object without fields."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of JSON: `5`, but neither `5.0` nor `"5"` nor `true`."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.int_schema(strict=True, ge=self.minimum, le=self.maximum),
            f"must be a whole number from {self.minimum:,} to {self.maximum:,}",
        )


@dataclass(frozen=True, slots=True)
class Odd:
    """An odd whole number of JSON."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.no_info_after_validator_function(
                self._odd, core_schema.int_schema(strict=True, ge=self.minimum, le=self.maximum)
            ),
            f"must be an odd whole number from {self.minimum:,} to {self.maximum:,}",
        )

    @staticmethod
    def _odd(number: int) -> int:
        if number % 2 == 0:
            raise ValueError
        return number


@dataclass(frozen=True, slots=True)
class Switch:
    """`true` or `false` of JSON, and nothing that might mean it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(core_schema.bool_schema(strict=True), "must be true or false")


@dataclass(frozen=True, slots=True)
class Exactly:
    """One whole number of JSON; pydantic's Literal would take `true` for 1."""

    value: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(core_schema.int_schema(strict=True, ge=self.value, le=self.value), f"must be {self.value}")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        return {"type": "integer", "const": self.value}


@dataclass(frozen=True, slots=True)
class WholeText:
    """A whole number in a query string, in decimal digits only."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        digits = core_schema.str_schema(pattern=r"^[0-9]{1,20}$")
        number = core_schema.int_schema(ge=self.minimum, le=self.maximum)
        return _explained(
            core_schema.chain_schema([digits, number]),
            f"must be a whole number from {self.minimum:,} to {self.maximum:,}",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; `above` and `below` are limits that are not themselves allowed."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        low = f"of at least {self.minimum:g}" if self.minimum is not None else f"above {self.above:g}"
        high = f"at most {self.maximum:g}" if self.maximum is not None else f"below {self.below:g}"
        return _explained(
            core_schema.float_schema(
                strict=True, allow_inf_nan=False, ge=self.minimum, le=self.maximum, gt=self.above, lt=self.below
            ),
            f"must be a number {low} and {high}",
        )


@dataclass(frozen=True, slots=True)
class Text:
    """Text of one line that a person can read: something visible, no control characters, no change of direction."""

    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.no_info_after_validator_function(
                self._readable, core_schema.str_schema(strict=True, min_length=1, max_length=self.maximum)
            ),
            f"must be text of 1 to {self.maximum:,} characters, at least one of them visible, "
            "without line breaks or control characters",
        )

    @staticmethod
    def _readable(text: str) -> str:
        if any(unicodedata.category(c) in _UNPRINTABLE and c not in _JOINERS for c in text):
            raise ValueError
        if not any(c not in _JOINERS and not c.isspace() for c in text):
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class Prose:
    """Text of any number of lines, which may be empty; no control characters, no change of direction."""

    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.no_info_after_validator_function(
                self._readable, core_schema.str_schema(strict=True, max_length=self.maximum)
            ),
            f"must be text of at most {self.maximum:,} characters, without control characters but line breaks and tabs",
        )

    @staticmethod
    def _readable(text: str) -> str:
        if any(unicodedata.category(c) in _UNPRINTABLE and c not in _JOINERS and c not in "\r\n\t" for c in text):
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class Several:
    """Different ones of some words in a query string, with commas between them; left as it is, to be split there."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.no_info_after_validator_function(self._known, core_schema.str_schema(max_length=500)),
            f"must be one or several of {', '.join(self.words)}, with commas between them",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        one = f"({'|'.join(self.words)})"
        return {"type": "string", "pattern": f"^{one}(,{one})*$"}

    def _known(self, text: str) -> str:
        found = text.split(",")
        if not set(found) <= set(self.words) or len(set(found)) != len(found):
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class MomentText:
    """A moment in a query string: RFC 3339 with a zone, read as a datetime in UTC."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return _explained(
            core_schema.no_info_after_validator_function(self._read, core_schema.str_schema(max_length=40)),
            "must be a moment with its zone, such as 2026-01-31T12:00:00Z",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        return {"type": "string", "format": "date-time"}

    @staticmethod
    def _read(text: str) -> datetime:
        if not _RFC3339.fullmatch(text):
            raise ValueError
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except OverflowError:
            raise ValueError from None


@dataclass(frozen=True, slots=True)
class Distinct:
    """Marks a list whose items must differ."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._distinct, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "uniqueItems": True}

    @staticmethod
    def _distinct(items: list[Any]) -> list[Any]:
        if len(set(items)) != len(items):
            raise PydanticCustomError("distinct", "must name each item once")
        return items


def _explained(schema: CoreSchema, message: str) -> CoreSchema:
    return core_schema.custom_error_schema(schema, custom_error_type="explained", custom_error_message=message)
