"""Rows that a model is to answer: nested lists of numbers in the shape of its inputs, read as strictly as a spec."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.network import Network
from service.api.problems import printable
from service.data.encoder import Encoder
from service.data.errors import InvalidRow
from service.errors import FieldError, Unprocessable

LARGEST: Final = float(np.finfo(np.float32).max)
MAX_ERRORS: Final = 20


def read_inputs(rows: Sequence[Any], network: Network, encoder: Encoder | None) -> npt.NDArray[np.float32]:
    """Return the raw inputs (n, *input_shape) of rows: numbers, or objects where the model has an encoder.

    Raises Unprocessable, which names what is not as it should be.
    """
    if encoder is None or not isinstance(rows[0], dict):
        inputs = read_rows(rows, network.architecture.input_shape)
        check_finite(network, inputs)
        return inputs
    others = [index for index, row in enumerate(rows) if not isinstance(row, dict)]
    if others:
        raise refused([FieldError(f"/rows/{index}", "must be an object, as the first row is") for index in others[:20]])
    try:
        return encoder.encode(rows)
    except InvalidRow as error:
        name = printable(error.column).replace("~", "~0").replace("/", "~1")
        raise refused([FieldError(f"/rows/{error.row}/{name}", error.detail)]) from None


def read_rows(rows: Sequence[Any], shape: tuple[int, ...], at: str = "/rows") -> npt.NDArray[np.float32]:
    """Return float32 (n, *shape). Raises Unprocessable, which names each number or list that is not as it should be."""
    numbers: list[float] = []
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        if isinstance(row, dict):
            errors.append(FieldError(f"{at}/{index}", f"must be {_wanted(shape)}, as the other rows are"))
        else:
            _collect(row, shape, f"{at}/{index}", numbers, errors)
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise refused(errors[:MAX_ERRORS])
    return np.array(numbers, np.float64).astype(np.float32).reshape(len(rows), *shape)


def check_finite(network: Network, rows: npt.NDArray[np.float32], at: str = "/rows") -> None:
    """Raise Unprocessable for rows that leave the range of float32 once they are standardized."""
    if network.standardization is None:
        return
    prepared = network.standardization.apply(rows.reshape(len(rows), -1))
    places = np.argwhere(~np.isfinite(prepared))[:MAX_ERRORS]
    if len(places):
        shape = network.architecture.input_shape
        pointers = [
            "".join(f"/{part}" for part in (row, *np.unravel_index(column, shape))) for row, column in places.tolist()
        ]
        detail = "is too far from the data that the model was trained on: its standardized value is no float32"
        raise refused([FieldError(f"{at}{pointer}", detail) for pointer in pointers])


def refused(errors: Sequence[FieldError]) -> Unprocessable:
    """Return the refusal of rows."""
    return Unprocessable(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _collect(value: Any, shape: tuple[int, ...], place: str, numbers: list[float], errors: list[FieldError]) -> None:
    """Walk one row, in the order of the array; the errors of one list stand for those of what it holds."""
    if not shape:
        # True is an int of Python, but no number of JSON.
        if type(value) not in (int, float) or not abs(value) <= LARGEST:
            errors.append(FieldError(place, f"must be a number from -{LARGEST:.8g} to {LARGEST:.8g}"))
        else:
            numbers.append(float(value))
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        got = f"; it has {len(value):,}" if isinstance(value, list) else ""
        errors.append(FieldError(place, f"must be {_wanted(shape)}{got}"))
        return
    for index, part in enumerate(value):
        if len(errors) >= MAX_ERRORS:
            return
        _collect(part, shape[1:], f"{place}/{index}", numbers, errors)


def _wanted(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"a list of {shape[0]:,} number{'s' * (shape[0] != 1)}"
    return f"a list of {shape[0]:,} lists of {' x '.join(f'{size:,}' for size in shape[1:])} numbers"
