"""What one look at the validation rows says: a loss (smaller is better) and a score (larger is better), for each task.

The loss is the one that training minimizes, but plain: without class weights and label smoothing. The score is the
metric that the training's config names: by default the share of right answers, or, for regression, R2.

R2 knows no lowest value, and a network that is useless may have one of minus a million; a surrogate that is fitted to
such scores, or a mean of them, then tells nothing of the good ones any more. So no score lies below -1, where a network
errs twice as much in squares as a constant does; which of two such networks is better, the loss says.
"""

from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from core.dataset import Task
from core.errors import InvalidTrainingConfig
from core.metrics import (
    METRICS_OF,
    MetricName,
    accuracy,
    balanced_accuracy,
    binary_cross_entropy,
    cross_entropy,
    huber,
    mean_squared_error,
    unchecked_r2,
)
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


LOWEST_SCORE = -1.0


def check_metric(task: Task, metric: MetricName | None) -> None:
    """Refuse a metric that the task does not have, with InvalidTrainingConfig; None is the task's default."""
    if metric is not None and metric not in METRICS_OF[task]:
        raise InvalidTrainingConfig(f"metric {metric!r} is not for {task}; there is {', '.join(METRICS_OF[task])}")


def validation_score(
    task: Task, outputs: npt.NDArray[Any], targets: npt.NDArray[Any], metric: MetricName | None = None
) -> float:
    """Return accuracy, for multi_label over all labels, or R2, at least -1; for outputs that are finite never NaN.

    With the metric "balanced_accuracy" the mean of the classes' shares, each of the rows of that class.
    """
    if metric == "balanced_accuracy":
        predicted = outputs.argmax(axis=1) if task == "classification" else (outputs[:, 0] > 0).astype(np.int64)
        return balanced_accuracy(predicted, targets, max(2, outputs.shape[1]))
    match task:
        case "classification":
            return accuracy(outputs, targets)
        case "binary":
            return float(np.mean((outputs[:, 0] > 0) == targets))
        case "multi_label":
            return float(np.mean((outputs > 0) == targets))
        case "regression":
            score = unchecked_r2(outputs, targets)
            # NaN fails the comparison and is handed on.
            return LOWEST_SCORE if score < LOWEST_SCORE else score
        case _:
            assert_never(task)
