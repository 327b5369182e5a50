"""How a row of cells becomes the numbers that enter a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes rows as they were encoded for training; fitted on the training rows only, JSON both ways."""

    input_shape: tuple[int, ...]

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
        """Return the inputs (n, *input_shape) of rows that map column names to JSON values.

        A row of an image data set maps "image" to an array (height, width) or (height, width, 3) of 0..255. Raises
        InvalidRow, which names the row and the column.
        """
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with a format number."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Encoder":
        """Read what `to_json` wrote. Raises ValueError for a format that this release does not know."""
        raise NotImplementedError
