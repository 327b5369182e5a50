"""Numbers and dates as inputs of a network: filled where missing, kept inside what float32 can tell apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from service.data.cells import moment_of, number_of
from service.data.table import Numbers, Rows

INDICATOR_SHARE: Final = 0.01
"""From this share of missing cells on, an input of its own says whether the cell was missing."""

_FAR: Final = 1e6
_ODD_OFFSET: Final = 1e3
_ORDINARY: Final = (1e-6, 1e9)
# What lies beyond is taken for this, so that sums and differences are numbers still.
_LARGEST: Final = 1e150
# Far enough inside of float32 that standardizing cannot leave it.
_SINGLE: Final = (-1e30, 1e30)


@dataclass(frozen=True, slots=True)
class NumberInput:
    """A column of numbers: (cell - shift) / scale, the median of the training rows where the cell is missing.

    `shift` and `scale` are 0 and 1 unless float32 would lose the differences (years as days, tiny or huge units): the
    search standardizes its inputs itself. Cells beyond `low` and `high`, a million times the training rows' range away,
    are cut off there.
    """

    kind: ClassVar[str] = "number"
    name: str
    reads: Literal["number", "moment"]
    fill: float
    indicator: bool
    shift: float
    scale: float
    low: float
    high: float

    @classmethod
    def fit(cls, column: Numbers, train: Rows) -> "NumberInput":
        """Measure the training rows of a column."""
        values = column.values[train]
        present = np.clip(values[~np.isnan(values)], -_LARGEST, _LARGEST)
        fill = float(np.median(present)) if len(present) else 0.0
        low, high = (float(present.min()), float(present.max())) if len(present) else (0.0, 0.0)
        spread = high - low
        odd = spread > 0 and max(abs(low), abs(high)) > _ODD_OFFSET * spread
        usual = spread == 0 or _ORDINARY[0] <= spread <= _ORDINARY[1]
        return cls(
            name=column.name,
            reads=column.reads,
            fill=fill,
            indicator=bool(len(values) - len(present) >= max(1.0, INDICATOR_SHARE * len(values))),
            shift=fill if odd or (spread == 0 and abs(fill) > _ORDINARY[1]) else 0.0,
            scale=1.0 if usual else float(spread),
            low=low - _FAR * spread,
            high=high + _FAR * spread,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's inputs."""
        return (2,) if self.indicator else (1,)

    @property
    def use(self) -> str:
        """How it enters, in words."""
        what = "as days since 1970" if self.reads == "moment" else "as a number"
        filled = f"{what}; {self.fill:.6g} where missing"
        return f"{filled}, and a second number says whether it was missing" if self.indicator else what

    def column(self, cells: Sequence[Any]) -> Numbers:
        """Read cells as this column's numbers. Raises ValueError for the first that is none."""
        parse = moment_of if self.reads == "moment" else number_of
        return Numbers(self.name, np.array([parse(cell) for cell in cells], np.float64), self.reads)

    def encode(self, column: Numbers, out: NDArray[np.float32]) -> None:
        """Write the inputs of a column into `out` (rows, width)."""
        values = column.values
        missing = ~np.isfinite(values)
        filled = np.clip(np.where(missing, self.fill, values), self.low, self.high)
        with np.errstate(over="ignore"):
            scaled = (filled - self.shift) / self.scale
        out[:, 0] = np.clip(scaled, *_SINGLE)
        if self.indicator:
            out[:, 1] = missing
