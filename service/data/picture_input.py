"""Pictures as inputs of a network: gray, shrunk to a square by area average."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from service.data.digits import coverage
from service.data.limits import MAX_PICTURE_PIXELS

# ITU-R BT.601, as in JPEG and in Pillow's conversion.
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class PictureInput:
    """Pictures under `name`, gray and `side` pixels wide and high."""

    kind: ClassVar[str] = "picture"
    name: str
    side: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's inputs."""
        return (self.side, self.side)

    def encode_cell(self, cell: Any) -> NDArray[np.float32]:
        """Return (side, side) for an image of 0..255, (height, width) or (height, width, 3). Raises ValueError."""
        try:
            array = np.asarray(cell)
        except ValueError as error:
            raise ValueError("is not an image: its lines differ in length") from error
        fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
        if not fits or array.dtype.kind not in "iuf" or not 0 < array.size <= 3 * MAX_PICTURE_PIXELS:
            raise ValueError("is not an image: (height, width) or (height, width, 3) numbers from 0 to 255 are")
        most = 65_535 if array.dtype == np.uint16 else 255
        if not (array.min() >= 0 and array.max() <= most):
            raise ValueError(f"holds numbers outside 0 to {most}")
        return shrunk(array, self.side)


@dataclass(frozen=True, slots=True)
class ArrayInput:
    """Arrays of numbers under `name` that enter as they are."""

    kind: ClassVar[str] = "array"
    name: str
    shape: tuple[int, ...]

    def encode_cell(self, cell: Any) -> NDArray[np.float32]:
        """Return the array as float32. Raises ValueError where its shape differs or a number is not finite."""
        try:
            with np.errstate(over="ignore"):
                array = np.asarray(cell, np.float32)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"is not an array {self.shape} of numbers") from error
        if array.shape != self.shape or not np.isfinite(array).all():
            raise ValueError(f"is not an array {self.shape} of finite numbers")
        return array


def shrunk(picture: NDArray[Any], side: int) -> NDArray[np.float32]:
    """Return (side, side) from 0 to 1: each pixel is the mean of the area that it covers, in gray.

    `picture` is (height, width) or (height, width, 3), uint16 from 0 to 65535 or anything else from 0 to 255.
    """
    height, width = picture.shape[:2]
    rows = coverage(height, side).astype(np.float32)
    columns = coverage(width, side).astype(np.float32)
    channels = picture[..., None] if picture.ndim == 2 else picture
    weights = np.ones(1, np.float32) if picture.ndim == 2 else _LUMA
    gray = np.zeros((side, side), np.float32)
    for channel, weight in enumerate(weights):
        gray += weight * (rows @ channels[..., channel].astype(np.float32) @ columns.T)
    most = np.float32(65_535 if picture.dtype == np.uint16 else 255)
    within: NDArray[np.float32] = np.clip(gray / most, 0, 1)
    return within
