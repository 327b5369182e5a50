"""What the hidden layers of a network put out for one row, small enough to be drawn."""

from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

from core.forward_pass import HiddenOutput
from core.layers import Dropout, Flatten

MAX_VALUES: Final = 1_024
MAX_MAPS: Final = 32
MAX_MAP_SIDE: Final = 32
DIGITS: Final = 5


class HiddenLayerResponse(BaseModel):
    """One hidden layer; layers that only pass values on (flatten, dropout) are left out."""

    kind: Annotated[str, Field(examples=["dense"])]
    description: Annotated[str, Field(examples=["128 relu"])]
    activation: Annotated[str | None, Field(description="What its sums went through last; null for other kinds")]
    shape: Annotated[list[int], Field(description="Of what it puts out: units, or channels, height and width")]
    values: Annotated[
        list[float] | None, Field(description=f"One per unit, of the first {MAX_VALUES:,}; null for images")
    ] = None
    maps: Annotated[
        list[list[list[float]]] | None,
        Field(
            description=f"One per channel, of the first {MAX_MAPS}; of larger maps than "
            f"{MAX_MAP_SIDE} x {MAX_MAP_SIDE} evenly spaced rows and columns; null for vectors"
        ),
    ] = None


def hidden_layers(outputs: Sequence[HiddenOutput], row: int = 0) -> list[HiddenLayerResponse]:
    """Return the layers of a pass for one of its rows."""
    return [_layer(output, output.values[row]) for output in outputs if not isinstance(output.layer, Flatten | Dropout)]


def _layer(output: HiddenOutput, values: npt.NDArray[np.float32]) -> HiddenLayerResponse:
    is_vector = values.ndim == 1
    step = 1 if is_vector else -(-max(values.shape[1:]) // MAX_MAP_SIDE)
    shown = values[:MAX_VALUES] if is_vector else values[:MAX_MAPS, ::step, ::step]
    numbers = _short(shown.astype(np.float64)).tolist()
    return HiddenLayerResponse(
        kind=output.layer.kind,
        description=output.layer.describe(),
        activation=getattr(output.layer, "activation", None),
        shape=list(values.shape),
        values=numbers if is_vector else None,
        maps=None if is_vector else numbers,
    )


def _short(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return values with so many digits as a drawing shows."""
    scale = float(np.abs(values).max(initial=0.0))
    if scale == 0:
        return values
    rounded: npt.NDArray[np.float64] = np.round(values, DIGITS - 1 - int(np.floor(np.log10(scale))))
    return rounded
