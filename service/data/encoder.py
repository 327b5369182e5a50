"""How a row of cells becomes the numbers that enter a network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.data.category_input import CategoryInput
from service.data.errors import InvalidRow, shown
from service.data.number_input import NumberInput
from service.data.picture_input import ArrayInput, PictureInput
from service.data.table import RawColumn
from service.data.text_input import TextInput

FORMAT: Final = 1

TableInput: TypeAlias = NumberInput | CategoryInput | TextInput
ImageInput: TypeAlias = PictureInput | ArrayInput
Input: TypeAlias = TableInput | ImageInput

_INPUTS: Final[dict[str, type[Input]]] = {
    each.kind: each for each in (NumberInput, CategoryInput, TextInput, PictureInput, ArrayInput)
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes rows as they were encoded for training; fitted on the training rows only, JSON both ways.

    `inputs` stand in the order of their numbers in the network's input: one or more of a table's columns, or one image.
    `unused` are columns that a row may name as well, without effect: the target, and what was left out.
    """

    inputs: tuple[Input, ...]
    unused: tuple[str, ...] = ()
    refuses_missing: bool = False

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row: an image's, or (values,)."""
        if isinstance(self.inputs[0], PictureInput | ArrayInput):
            return self.inputs[0].shape
        return (sum(prod(each.shape) for each in self.inputs),)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that rows have."""
        return tuple(each.name for each in self.inputs)

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
        """Return the inputs (n, *input_shape) of rows that map column names to JSON values.

        A cell that is absent or null is missing, and filled as in training. A row of pictures maps "image" to an array
        (height, width) or (height, width, 3) of 0..255. Raises InvalidRow, which names the row and the column: one
        that is unknown, a cell that does not fit its column, one that is missing where that was refused.
        """
        known = {*self.names, *self.unused}
        for number, row in enumerate(rows):
            for name in row:
                if name not in known:
                    columns = ", ".join(shown(each) for each in self.names[:10])
                    more = f" and {len(self.names) - 10} more" if len(self.names) > 10 else ""
                    raise InvalidRow(number, str(name), f"there is no such column; known are {columns}{more}")
        out = np.empty((len(rows), *self.input_shape), np.float32)
        start = 0
        for each in self.inputs:
            cells = [row.get(each.name) for row in rows]
            if isinstance(each, PictureInput | ArrayInput):
                for number, cell in enumerate(cells):
                    out[number] = self._image(each, number, cell)
                continue
            width = prod(each.shape)
            encode_column(each, self._column(each, cells), out[:, start : start + width])
            start += width
        return out

    def _image(self, each: ImageInput, number: int, cell: Any) -> NDArray[np.float32]:
        try:
            return each.encode_cell(cell)
        except ValueError as error:
            raise InvalidRow(number, each.name, str(error)) from error

    def _column(self, each: TableInput, cells: list[Any]) -> RawColumn:
        try:
            column = each.column(cells)
        except ValueError:
            for number, cell in enumerate(cells):
                try:
                    each.column([cell])
                except ValueError as error:
                    raise InvalidRow(number, each.name, f"{shown(cell)} {error}") from error
            raise
        if self.refuses_missing and column.is_missing.any():
            first = int(np.flatnonzero(column.is_missing)[0])
            raise InvalidRow(first, each.name, "is missing; this data set was made with missing cells refused")
        return column

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with a format number."""
        return {
            "format": FORMAT,
            "inputs": [{"kind": each.kind, **asdict(each)} for each in self.inputs],
            "unused": list(self.unused),
            "refuses_missing": self.refuses_missing,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Encoder":
        """Read what `to_json` wrote. Raises ValueError for a format that this release does not know."""
        if value.get("format") != FORMAT:
            raise ValueError(
                f"encoder: format {value.get('format')!r} is unknown to this release, which reads {FORMAT}"
            )
        inputs = tuple(_input(fields) for fields in value["inputs"])
        return cls(inputs, tuple(value["unused"]), bool(value["refuses_missing"]))


def encode_column(each: TableInput, column: RawColumn, out: NDArray[np.float32]) -> None:
    """Write one column's inputs into `out` (rows, width); the column must be of the input's kind."""
    each.encode(column, out)  # type: ignore[arg-type]


def _input(fields: Mapping[str, Any]) -> Input:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return _INPUTS[given.pop("kind")](**given)
