"""The reader of the breast tumors of Wisconsin: two classes, measures that say much the same."""

import numpy as np

from service.data.digits import MISSING_PACKAGE, Arrays
from service.data.errors import DatasetUnavailable


def read_breast_cancer() -> Arrays:
    """Read scikit-learn's 569 tumors as inputs (569, 30), each measure in its own unit, and targets (569,).

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("breast-cancer", MISSING_PACKAGE.format("scikit-learn")) from error
    tumors = load_breast_cancer()
    return tumors.data.astype(np.float32), tumors.target.astype(np.int64)
