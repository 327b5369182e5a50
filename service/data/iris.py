"""The reader of Fisher's irises: a data set so easy that no structure beats another."""

import numpy as np

from service.data.digits import MISSING_PACKAGE, Arrays
from service.data.errors import DatasetUnavailable


def read_iris() -> Arrays:
    """Read scikit-learn's 150 irises as inputs (150, 4) in centimeters and targets (150,).

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_iris  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("iris", MISSING_PACKAGE.format("scikit-learn")) from error
    iris = load_iris()
    return iris.data.astype(np.float32), iris.target.astype(np.int64)
