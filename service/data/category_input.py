"""Categories as inputs of a network: one-hot, an input for each known value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from service.data.cells import text_of
from service.data.limits import MAX_CATEGORIES
from service.data.number_input import INDICATOR_SHARE
from service.data.table import Rows, Texts


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A column of categories: 1 at the place of its value, all 0 for a value that the training rows did not have.

    A missing cell counts as `fill`, the training rows' most frequent value.
    """

    kind: ClassVar[str] = "category"
    name: str
    values: tuple[str, ...]
    fill: str
    indicator: bool

    @classmethod
    def fit(cls, column: Texts, train: Rows) -> "CategoryInput | None":
        """Take the training rows' most frequent values, in the order of the alphabet; None where there are none."""
        codes = column.codes[train]
        present = codes[codes >= 0]
        if not len(present):
            return None
        counts = np.bincount(present, minlength=len(column.values))
        by_count = sorted(np.flatnonzero(counts).tolist(), key=lambda code: (-counts[code], column.values[code]))
        values = tuple(sorted(column.values[code] for code in by_count[:MAX_CATEGORIES]))
        missing = len(codes) - len(present)
        indicator = missing >= max(1.0, INDICATOR_SHARE * len(codes))
        return cls(column.name, values, column.values[by_count[0]], indicator)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's inputs."""
        return (len(self.values) + self.indicator,)

    @property
    def use(self) -> str:
        """How it enters, in words."""
        values = f"{len(self.values)} numbers, a 1 at the place of its value"
        return f"{values}; the last says whether it was missing" if self.indicator else values

    def column(self, cells: Sequence[Any]) -> Texts:
        """Read cells as texts. Raises ValueError for the first that is none."""
        places: dict[str, int] = {}
        texts = [text_of(cell) for cell in cells]
        codes = [-1 if text is None else places.setdefault(text, len(places)) for text in texts]
        return Texts(self.name, np.array(codes, np.int64), tuple(places))

    def encode(self, column: Texts, out: NDArray[np.float32]) -> None:
        """Write the inputs of a column into `out` (rows, width)."""
        places = {value: place for place, value in enumerate(self.values)}
        # The place behind the last one is for missing cells, and -1 means none.
        of_values = np.array([*(places.get(value, -1) for value in column.values), places[self.fill]], np.int64)
        place = of_values[column.codes]
        known = np.flatnonzero(place >= 0)
        out[:] = 0
        out[known, place[known]] = 1
        if self.indicator:
            out[:, -1] = column.is_missing
