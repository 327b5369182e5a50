"""The windows of convolution and pooling as slices: one pair of views for each place within the window.

Seen from one place within the kernel, the values that all windows meet there form a regular grid of the image. So a
whole batch is gathered with one copy per place, whatever the image's size, and scattered back with one addition.
"""

from dataclasses import dataclass

from core.arrays import Array
from core.layers import Shape, window_counts


@dataclass(frozen=True, slots=True)
class Place:
    """One place within the window: which windows meet the image there, and where.

    `windows` cuts the grid of windows, `pixels` cuts the image; both are (height, width) slices. Padding is what no
    window's `pixels` reach.
    """

    row: int
    column: int
    windows: tuple[slice, slice]
    pixels: tuple[slice, slice]

    def of_windows(self, array: Array) -> Array:
        """Cut (channels, window rows, window columns, rows)."""
        return array[:, self.windows[0], self.windows[1]]

    def of_image(self, array: Array) -> Array:
        """Cut (channels, height, width, rows)."""
        return array[:, self.pixels[0], self.pixels[1]]


def places(shape: Shape, size: int, stride: int, padding: int = 0) -> list[Place]:
    """List the places of a size x size window, row by row; those that only ever meet padding are left out."""
    _, height, width = shape
    down, across = window_counts(shape, size, stride, padding)
    result = []
    for row in range(size):
        for column in range(size):
            vertical = _cut(row - padding, stride, down, height)
            horizontal = _cut(column - padding, stride, across, width)
            if vertical is not None and horizontal is not None:
                result.append(Place(row, column, (vertical[0], horizontal[0]), (vertical[1], horizontal[1])))
    return result


def _cut(offset: int, stride: int, windows: int, length: int) -> tuple[slice, slice] | None:
    """Return the windows i with 0 <= offset + i * stride < length and the pixels they meet, None without any."""
    first = max(0, -(offset // stride))
    last = min(windows - 1, (length - 1 - offset) // stride)
    if last < first:
        return None
    start = offset + first * stride
    return slice(first, last + 1), slice(start, offset + last * stride + 1, stride)
