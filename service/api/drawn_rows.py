"""A drawing or a picture that a network is to answer, prepared as the pictures that it was trained on."""

from typing import Annotated, ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from service.api.prediction_rows import refused
from service.data.drawing import PREPARATIONS, EmptyDrawing
from service.data.encoder import Encoder
from service.data.errors import InvalidRow
from service.data.examples import Examples
from service.data.picture_input import ArrayInput, PictureInput, shrunk
from service.errors import FieldError, Unprocessable
from service.fields import StrictModel

MAX_SIDE: Final = 256
MAX_PIXELS: Final = MAX_SIDE**2
FULL: Final = 255


class Drawing(StrictModel):
    """Pixels row by row, 0 to 255: for digits the ink, for other pictures the gray value."""

    refused_as: ClassVar[type[Unprocessable]] = Unprocessable

    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    pixels: Annotated[
        list[Annotated[int, Field(ge=0, le=FULL)]],
        Field(min_length=1, max_length=MAX_PIXELS, description="width times height of them"),
    ]


def drawn_row(
    drawing: Drawing, built_in: str | None, encoder: Encoder | None, examples: Examples | None
) -> npt.NDArray[np.float32]:
    """Return the raw inputs (1, *input_shape) that a drawing becomes. Raises Unprocessable.

    `built_in` is the name of the job's built-in data set, None for an uploaded one. `examples` tell the range of arrays
    of numbers, which are black at the least and white at the largest of them.
    """
    if len(drawing.pixels) != drawing.width * drawing.height:
        expected = f"must be {drawing.width} x {drawing.height} = {drawing.width * drawing.height:,} numbers"
        raise _refused("/pixels", f"{expected}; there are {len(drawing.pixels):,}")
    pixels = np.array(drawing.pixels, np.float64).reshape(drawing.height, drawing.width)
    if built_in is not None and built_in in PREPARATIONS:
        try:
            return PREPARATIONS[built_in](pixels / FULL)[None]
        except EmptyDrawing as error:
            raise _refused("/pixels", str(error)) from None
    image = None if encoder is None else encoder.inputs[0]
    if encoder is not None and isinstance(image, PictureInput):
        try:
            return encoder.encode([{image.name: pixels.tolist()}])
        except InvalidRow as error:
            raise _refused("/pixels", error.detail) from None
    if isinstance(image, ArrayInput) and len(image.shape) == 2 and image.shape[0] == image.shape[1]:
        if examples is None:
            raise _refused(
                "", "the range of the data's numbers is not known on this machine; give a row of them instead"
            )
        shares = shrunk(pixels, image.shape[0])
        return (examples.low + shares * np.float32(examples.high - examples.low))[None]
    raise _refused("", "the networks of this job take no pictures; give a row instead")


def can_be_drawn(built_in: str | None, encoder: Encoder | None, examples: Examples | None) -> bool:
    """Say whether `drawn_row` has an answer for drawings."""
    image = None if encoder is None else encoder.inputs[0]
    square = isinstance(image, ArrayInput) and len(image.shape) == 2 and image.shape[0] == image.shape[1]
    return built_in in PREPARATIONS or isinstance(image, PictureInput) or (square and examples is not None)


def _refused(place: str, detail: str) -> Unprocessable:
    return refused([FieldError(f"/drawing{place}", detail)])
