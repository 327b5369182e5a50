"""The form that asks about one row of a table: a field for each column, with what usually stands in it."""

import datetime
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from service.data.built_in_columns import COLUMN_NAMES
from service.data.category_input import CategoryInput
from service.data.description import Description
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.data.text_input import TextInput

MAX_FIELDS: Final = 200
"""A form with more would be no help; the columns behind them keep the values of the example that was taken."""

MAX_ROWS: Final = 6
_EPOCH: Final = datetime.date(1970, 1, 1)
_DAYS: Final = (-700_000, 2_900_000)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: `column` is the name of the column, or for rows without names the place of the number."""

    column: str | int
    label: str
    kind: Literal["number", "moment", "category", "text"]
    placeholder: str
    options: tuple[str, ...] = ()
    may_be_missing: bool = False


def fields_of(built_in: str | None, encoder: Encoder | None, inputs: int) -> tuple[FormField, ...]:
    """Return the fields for the columns of an encoder, or for the plain numbers of a row."""
    if encoder is not None and encoder.inputs[0].kind != "array":
        return tuple(_field(each, not encoder.refuses_missing) for each in encoder.inputs[:MAX_FIELDS])
    names = COLUMN_NAMES.get(built_in or "", ())
    return tuple(
        FormField(place, names[place] if place < len(names) else f"number {place + 1}", "number", "a number")
        for place in range(min(inputs, MAX_FIELDS))
    )


def stored_row(row: NDArray[np.float32]) -> Any:
    """Return a row as nested lists of the shortest numbers that mean the same in float32."""
    if row.ndim > 1:
        return [stored_row(part) for part in row]
    return [float(str(number)) for number in row]


def preview_rows(description: Description, encoder: Encoder) -> list[tuple[dict[str, Any], str | None]]:
    """Return the first rows of the file, by column, with what the networks look at, and each one's target in words."""
    columns = [column.name for column in description.columns]
    wanted = set(encoder.names)
    found = []
    for cells in description.preview[:MAX_ROWS]:
        row = dict(zip(columns, cells, strict=False))
        target = row.get(description.target)
        found.append(
            ({name: cell for name, cell in row.items() if name in wanted}, None if target is None else str(target))
        )
    return found


def _field(each: Any, may_be_missing: bool) -> FormField:
    match each:
        case NumberInput(reads="moment"):
            return FormField(each.name, each.name, "moment", _date(each.fill), may_be_missing=may_be_missing)
        case NumberInput():
            return FormField(each.name, each.name, "number", f"about {each.fill:.6g}", may_be_missing=may_be_missing)
        case CategoryInput():
            return FormField(each.name, each.name, "category", "", each.values, may_be_missing)
        case TextInput():
            return FormField(each.name, each.name, "text", "some words", may_be_missing=may_be_missing)
        case _:
            raise ValueError(f"no field asks for {type(each).__name__}")


def _date(days: float) -> str:
    within = min(max(days, _DAYS[0]), _DAYS[1])
    return f"such as {_EPOCH + datetime.timedelta(days=int(within))}"
