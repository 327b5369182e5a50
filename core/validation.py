"""What one look at the validation rows says: a loss (smaller is better) and a score (larger is better), for each task.

The loss is the one that training minimizes, but plain: without class weights and label smoothing. The score is the
share of right answers, or, for regression, R2.
"""

from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from core.dataset import Task
from core.metrics import accuracy, binary_cross_entropy, cross_entropy, huber, mean_squared_error, unchecked_r2
from core.training_config import TrainingConfig


def validation_loss(task: Task, config: TrainingConfig, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the mean loss for outputs (n, outputs); NaN or infinite when an output is."""
    match task:
        case "classification":
            return cross_entropy(outputs, targets)
        case "binary":
            return binary_cross_entropy(outputs[:, 0], targets)
        case "multi_label":
            return binary_cross_entropy(outputs, targets)
        case "regression":
            if config.regression_loss == "huber":
                return huber(outputs, targets, config.huber_delta)
            return mean_squared_error(outputs, targets)
        case _:
            assert_never(task)


def validation_score(task: Task, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return accuracy, for multi_label over all labels, or R2; for outputs that are finite never NaN."""
    match task:
        case "classification":
            return accuracy(outputs, targets)
        case "binary":
            return float(np.mean((outputs[:, 0] > 0) == targets))
        case "multi_label":
            return float(np.mean((outputs > 0) == targets))
        case "regression":
            return unchecked_r2(outputs, targets)
        case _:
            assert_never(task)
