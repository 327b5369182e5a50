"""A drawn digit becomes what the networks were trained on: prepared as the training data were made.

A drawing is ink on a canvas of any size, 0 where there is none and 1 where it is full, all in NumPy: pixels average the
area that they cover. Where on the canvas and how large the digit was drawn makes no difference, because both data sets
normalize it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.digits import CENTRE, MNIST_SIDE, SIDE, area_average, coverage

Ink = NDArray[np.float64]

FAINTEST: Final = 0.1
"""Less ink than this is no part of the digit: the soft edge of a stroke, or dust."""

MNIST_BOX: Final = 20
"""MNIST's digits were scaled into a box of this side, keeping their aspect ratio."""

UCI_SIDE: Final = 32
UCI_WIDTH: Final = 20
UCI_BLOCK: Final = 4
WIDEST_STRETCH: Final = 1.5
"""A narrow digit, such as a one, is stretched no more than this: it would become a bar."""


class EmptyDrawing(ValueError):
    """There is no ink on the canvas."""


def prepare_mnist(ink: Ink) -> NDArray[np.float32]:
    """Return a drawing (height, width) as a digit of the size of MNIST's, (28, 28). Raises EmptyDrawing.

    The digit is scaled into 20 x 20 pixels, keeping its aspect ratio, and laid into 28 x 28 so that its center of mass
    comes into the middle (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"): by whole pixels, into
    the pixel right and below of it, where that of every digit of MNIST lies.
    """
    digit = _cut_out(ink)
    scale = MNIST_BOX / max(digit.shape)
    height, width = (max(1, round(scale * side)) for side in digit.shape)
    scaled = resized(digit, height, width)
    middle = MNIST_SIDE // 2
    top, left = (
        int(np.clip(np.ceil(middle - center), 0, MNIST_SIDE - side))
        for center, side in zip(_center_of_mass(scaled), scaled.shape, strict=True)
    )
    image = np.zeros((MNIST_SIDE, MNIST_SIDE))
    image[top : top + height, left : left + width] = scaled
    return image.astype(np.float32)


def prepare_digits_16x16(ink: Ink) -> NDArray[np.float32]:
    """Return a drawing as a row of digits-16x16: MNIST's middle 24 x 24 pixels, averaged. Raises EmptyDrawing."""
    image = prepare_mnist(ink).astype(np.float64)
    row: NDArray[np.float32] = area_average(image[None, CENTRE, CENTRE], SIDE)[0]
    return row


def prepare_digits_8x8(ink: Ink) -> NDArray[np.float32]:
    """Return a drawing as a row of digits-8x8: a 32 x 32 bitmap counted in blocks of 4 x 4. Raises EmptyDrawing.

    The bitmaps were made by NIST's programs (Garris et al., "NIST Form-Based Handprint Recognition System", NISTIR
    5469, 1994), which take the slant out and stretch digits to one height and width. So every digit of the set stands
    upright and fills all rows, and nearly all fill the middle 20 to 24 of 32 columns; this does the same, with the
    slant that the second moments show. A pixel is counted with its share of ink, and the counts are whole, 0 to 16.
    """
    digit = _cut_out(_upright(_cut_out(ink)))
    scale = UCI_SIDE / digit.shape[0]
    width = max(1, round(min(UCI_WIDTH, WIDEST_STRETCH * scale * digit.shape[1])))
    left = (UCI_SIDE - width) // 2
    bitmap = np.zeros((UCI_SIDE, UCI_SIDE))
    bitmap[:, left : left + width] = resized(digit, UCI_SIDE, width)
    blocks = UCI_SIDE // UCI_BLOCK
    counts = bitmap.reshape(blocks, UCI_BLOCK, blocks, UCI_BLOCK).sum(axis=(1, 3))
    row: NDArray[np.float32] = (np.rint(counts) / UCI_BLOCK**2).astype(np.float32)
    return row


PREPARATIONS: Final[Mapping[str, Callable[[Ink], NDArray[np.float32]]]] = MappingProxyType(
    {"digits-16x16": prepare_digits_16x16, "digits-8x8": prepare_digits_8x8}
)
"""How drawings become rows of the built-in data sets that can be drawn."""


def resized(image: Ink, height: int, width: int) -> Ink:
    """Return an image of another size: each new pixel is the mean of the area that it covers."""
    result: Ink = coverage(image.shape[0], height) @ image @ coverage(image.shape[1], width).T
    return result


def _cut_out(ink: Ink) -> Ink:
    """Return the smallest rectangle that holds all ink."""
    dark = ink > FAINTEST
    if not dark.any():
        raise EmptyDrawing("there is no ink on the canvas")
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _upright(digit: Ink) -> Ink:
    """Return a digit without its slant: sheared so that left and right no longer depend on up and down."""
    height, width = digit.shape
    down, right = _center_of_mass(digit)
    rows, columns = np.arange(height) + 0.5 - down, np.arange(width) + 0.5 - right
    spread = float(rows**2 @ digit.sum(axis=1))
    slant = float(rows @ digit @ columns) / spread if spread > 0 else 0.0
    shifts = slant * rows
    margin = int(np.ceil(np.abs(shifts).max()))
    places = np.arange(width + 2 * margin) - margin
    return np.array(
        [
            np.interp(places + shift, np.arange(width), row, left=0, right=0)
            for row, shift in zip(digit, shifts, strict=True)
        ]
    )


def _center_of_mass(image: Ink) -> tuple[float, float]:
    """Return (down, right), in pixels from the upper left corner."""
    down, right = (np.arange(side) + 0.5 for side in image.shape)
    mass = image.sum()
    return float(down @ image.sum(axis=1) / mass), float(right @ image.sum(axis=0) / mass)
