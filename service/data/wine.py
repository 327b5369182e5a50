"""The reader of the wines of three growers in one region of Italy: few rows, and measures of very different size."""

import numpy as np

from service.data.digits import MISSING_PACKAGE, Arrays
from service.data.errors import DatasetUnavailable


def read_wine() -> Arrays:
    """Read scikit-learn's 178 wines as inputs (178, 13), each measure in its own unit, and targets (178,).

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_wine  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("wine", MISSING_PACKAGE.format("scikit-learn")) from error
    wine = load_wine()
    return wine.data.astype(np.float32), wine.target.astype(np.int64)
