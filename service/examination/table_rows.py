"""A row of a table in words again: the numbers that enter a network, turned back into the cells that they came from."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from service.data.category_input import CategoryInput
from service.data.encoder import Encoder, TableInput
from service.data.number_input import NumberInput
from service.data.text_input import TextInput
from service.examination.limits import SHOWN_COLUMNS
from service.examination.result import Axis, Cell

_SHOWN_WORDS = 8

Array = npt.NDArray[Any]


def cells_of(row: Array, encoder: Encoder | None) -> list[Cell]:
    """Return the columns of one row (inputs,), at most 40 of them."""
    if encoder is None:
        return [
            Cell(name=f"input {index + 1}", value=f"{value:.6g}") for index, value in enumerate(row[:SHOWN_COLUMNS])
        ]
    found, start = [], 0
    for each in encoder.inputs[:SHOWN_COLUMNS]:
        width = prod(each.shape)
        if isinstance(each, NumberInput | CategoryInput | TextInput):
            found.append(Cell(name=each.name, value=_value(each, row[start : start + width])))
        start += width
    return found


def axis_of(index: int, encoder: Encoder | None, low: float, high: float) -> tuple[Axis, float, float]:
    """Return the axis of input 0 or 1 of two, and the shift and scale that turn the input into its own unit."""
    if encoder is not None:
        names = [each for each in encoder.inputs for _ in range(prod(each.shape))]
        each = names[index]
        if isinstance(each, NumberInput) and not each.indicator:
            return (
                Axis(name=each.name, low=low * each.scale + each.shift, high=high * each.scale + each.shift),
                each.shift,
                each.scale,
            )
        if len(set(map(id, names))) == 1:
            return Axis(name=f"{each.name} ({index + 1})", low=low, high=high), 0.0, 1.0
        return Axis(name=each.name, low=low, high=high), 0.0, 1.0
    return Axis(name="xy"[index], low=low, high=high), 0.0, 1.0


def _value(each: TableInput, numbers: Array) -> str:
    match each:
        case NumberInput(indicator=True) if numbers[1] > 0:
            return "missing"
        case NumberInput():
            return f"{float(numbers[0]) * each.scale + each.shift:.6g}" + (" days" if each.reads == "moment" else "")
        case CategoryInput():
            if each.indicator and numbers[-1] > 0:
                return "missing"
            places = np.flatnonzero(numbers[: len(each.values)])
            return each.values[int(places[0])] if len(places) else "another value"
        case TextInput():
            strongest = [
                int(place) for place in np.argsort(-numbers, kind="stable")[:_SHOWN_WORDS] if numbers[place] > 0
            ]
            return "words: " + (", ".join(each.words[place] for place in strongest) or "none that is known")
