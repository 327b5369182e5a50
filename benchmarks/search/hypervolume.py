"""The hypervolume of two objectives, and the points that nothing dominates."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def non_dominated(points: npt.NDArray[np.float64]) -> list[int]:
    """Return the rows of (n, 2) that no other row equals or exceeds in both columns, by falling first column.

    Of equal rows the first one stays.
    """
    order = np.lexsort((np.arange(len(points)), -points[:, 1], -points[:, 0]))
    front: list[int] = []
    highest = -np.inf
    for row in order:
        if points[row, 1] > highest:
            front.append(int(row))
            highest = points[row, 1]
    return front


def dominated_area(points: npt.NDArray[np.float64], reference: Sequence[float]) -> float:
    """Return the area between the reference and the points (n, 2), both to be maximized; 0 without a point above it."""
    above = points[(points > reference).all(axis=1)]
    area, height = 0.0, reference[1]
    for row in non_dominated(above):
        area += (above[row, 0] - reference[0]) * (above[row, 1] - height)
        height = above[row, 1]
    return float(area)
