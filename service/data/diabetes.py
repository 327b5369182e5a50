"""The reader of the diabetes patients of Efron et al.: a number to predict, from few rows with much noise.

B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, "Least Angle Regression", Annals of Statistics 32, 2004.
"""

import numpy as np
from numpy.typing import NDArray

from service.data.digits import MISSING_PACKAGE
from service.data.errors import DatasetUnavailable


def read_diabetes() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read scikit-learn's 442 patients as inputs (442, 10) in their own units and targets (442,).

    Raises DatasetUnavailable where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_diabetes  # noqa: PLC0415 (an optional extra, read by runners only)
    except ImportError as error:
        raise DatasetUnavailable("diabetes", MISSING_PACKAGE.format("scikit-learn")) from error
    patients = load_diabetes(scaled=False)
    return patients.data.astype(np.float32), patients.target.astype(np.float64)
