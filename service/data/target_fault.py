"""Whether the target of a regression can be learned at all."""

import numpy as np

from core.dataset import Dataset

SMALLEST_SPREAD = 1e-6
"""Of the largest target. float32, in which networks calculate, has seven digits; below this few of them differ."""


def target_fault(dataset: Dataset) -> str | None:
    """Return what keeps a regression from being judged, with the way out; None where nothing does.

    R2 compares with the variance of the rows that it is taken on, so validation and test rows need one too.
    """
    if dataset.task != "regression":
        return None
    if dataset.outputs != 1:
        return f"the data set has {dataset.outputs} targets, a job predicts one; choose one column"
    for name, split in (("training", dataset.train), ("validation", dataset.validation), ("test", dataset.test)):
        if split is None:
            continue
        targets = split.targets.astype(np.float64)
        largest = float(np.abs(targets).max())
        if float(targets.std()) <= SMALLEST_SPREAD * largest:
            return (
                f"the targets of the {name} rows are all alike, to one part in a million of {largest:.6g}: there is "
                "nothing to predict; take another column, or subtract a constant from it"
            )
    return None
