"""Numbers that say how good predictions are. None is ever NaN for finite predictions: each says what it gives instead.

Logits are (n, classes), class indices (n,), scores and probabilities are larger where the answer is more likely yes.
What cannot be computed at all (no rows, shapes that differ, values that are not finite) raises InvalidDataset; only
`accuracy` and `cross_entropy`, which training asks while it may be diverging, hand such values on.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from core.errors import InvalidDataset

MetricName = Literal["accuracy", "balanced_accuracy", "r2"]
METRICS: tuple[MetricName, ...] = get_args(MetricName)

METRICS_OF: Mapping[str, tuple[MetricName, ...]] = MappingProxyType(
    {
        "classification": ("accuracy", "balanced_accuracy"),
        "binary": ("accuracy", "balanced_accuracy"),
        "multi_label": ("accuracy",),
        "regression": ("r2",),
    }
)
"""What a network of each task can be scored by, larger is better; the first is the default."""

# What a probability of 0 counts as in the log loss: the smallest that float32 tells from 0.
SMALLEST_PROBABILITY = 2.0**-149


def accuracy(logits: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the share of rows whose largest logit is the target's; the first of equals counts."""
    return float(np.count_nonzero(logits.argmax(axis=1) == targets) / len(targets))


def cross_entropy(logits: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of -log softmax(logits)[target] in nats; NaN or infinite when the logits are."""
    with np.errstate(all="ignore"):
        # float64, because the mean of many float32 losses would depend on their order; the largest logit goes first,
        # because exp of a difference never overflows.
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        wanted = shifted[np.arange(len(targets)), targets]
        return float((np.log(np.exp(shifted).sum(axis=1)) - wanted).mean())


def binary_cross_entropy(logits: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the mean of -log of the right answer's probability in nats, over rows and outputs of equal shape."""
    with np.errstate(all="ignore"):
        z = logits.astype(np.float64)
        return float(np.mean(np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))))


def huber(predictions: npt.NDArray[Any], targets: npt.NDArray[Any], delta: float) -> float:
    """Return the mean of Huber's loss over rows and outputs."""
    with np.errstate(all="ignore"):
        difference = predictions.astype(np.float64) - targets
        cut = np.clip(difference, -delta, delta)
        return float(np.mean(cut * (difference - cut / 2)))


def confusion_matrix(
    predicted: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """Return counts (classes, classes): row = the class a sample has, column = the one that was predicted."""
    for name, values in (("predicted", predicted), ("targets", targets)):
        if values.ndim != 1 or len(values) != len(targets) or len(values) == 0:
            raise InvalidDataset(f"expected {name} (n,) with at least one row, got {predicted.shape}, {targets.shape}")
        if values.min() < 0 or values.max() >= classes:
            raise InvalidDataset(f"{name} go from {values.min()} to {values.max()}, expected 0 to {classes - 1}")
    cells = targets.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def balanced_accuracy(predicted: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], classes: int) -> float:
    """Return the mean, over the classes that occur in the targets, of the share of their rows that were recognized."""
    counts = confusion_matrix(predicted, targets, classes)
    occurring = counts.sum(axis=1)
    present = occurring > 0
    return float(np.mean(np.diag(counts)[present] / occurring[present]))


def macro_f1(predicted: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], classes: int) -> float:
    """Return the mean F1 score of the classes that occur in targets or predictions; 0 for one that is never right."""
    counts = confusion_matrix(predicted, targets, classes)
    # F1 = 2 hits / (predicted + occurring); the sum is 0 only where the class is in neither.
    sums = counts.sum(axis=0) + counts.sum(axis=1)
    present = sums > 0
    return float(np.mean(2 * np.diag(counts)[present] / sums[present]))


def log_loss(probabilities: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of -log of the target's probability, (n, classes), in nats.

    A probability of 0 counts as 2^-149, so the loss is at most 103.3.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(targets) or targets.ndim != 1 or len(targets) == 0:
        raise InvalidDataset(
            f"expected probabilities (n, classes) and targets (n,), got {probabilities.shape} and {targets.shape}"
        )
    if not (probabilities >= 0).all() or not (probabilities <= 1 + 1e-5).all():
        raise InvalidDataset("probabilities must be from 0 to 1")
    if targets.min() < 0 or targets.max() >= probabilities.shape[1]:
        raise InvalidDataset(f"targets must be from 0 to {probabilities.shape[1] - 1}")
    wanted = np.take_along_axis(probabilities.astype(np.float64), targets[:, np.newaxis], axis=1)
    # Rounding may leave a probability a hair above 1.
    return max(0.0, float(-np.log(np.maximum(wanted, SMALLEST_PROBABILITY)).mean()))


def roc_auc(scores: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the probability that a row with target 1 scores above one with target 0; equal scores count a half.

    With only one of the two in the targets there is nothing to rank: 0.5. (Mann and Whitney's U over its maximum.)
    """
    if scores.shape != targets.shape or scores.ndim != 1 or len(scores) == 0:
        raise InvalidDataset(f"expected scores and targets (n,), got {scores.shape} and {targets.shape}")
    if not np.isfinite(scores).all() or not np.isin(targets, (0, 1)).all():
        raise InvalidDataset("scores must be finite and targets 0 or 1")
    positives = int(targets.sum())
    negatives = len(targets) - positives
    if positives == 0 or negatives == 0:
        return 0.5
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    # Equal scores share the mean of their ranks.
    middle = np.cumsum(counts) - (counts - 1) / 2
    summed = float(middle[ranks][targets == 1].sum())
    return (summed - positives * (positives + 1) / 2) / (positives * negatives)


def macro_roc_auc(scores: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of `roc_auc` of each class against the rest, for scores (n, classes) and class indices (n,).

    Classes that no row or every row has are left out; 0.5 when none is left. For multi_label, targets are
    (n, labels) of 0 and 1.
    """
    if scores.ndim != 2 or len(scores) != len(targets) or len(targets) == 0:
        raise InvalidDataset(f"expected scores (n, classes) and targets (n, ...), got {scores.shape}, {targets.shape}")
    if targets.ndim == 1:
        if targets.min() < 0 or targets.max() >= scores.shape[1]:
            raise InvalidDataset(f"targets must be from 0 to {scores.shape[1] - 1}")
        targets = (targets[:, np.newaxis] == np.arange(scores.shape[1])).astype(np.int64)
    areas = [
        roc_auc(scores[:, index], targets[:, index])
        for index in range(scores.shape[1])
        if 0 < targets[:, index].sum() < len(targets)
    ]
    return float(np.mean(areas)) if areas else 0.5


def mean_squared_error(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the mean squared difference; NaN or infinite when a prediction is."""
    with np.errstate(all="ignore"):
        return float(np.mean(np.square(predictions.astype(np.float64) - targets)))


def rmse(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the root of the mean squared difference over rows and outputs."""
    _check_values(predictions, targets)
    return float(np.sqrt(mean_squared_error(predictions, targets)))


def mae(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the mean absolute difference over rows and outputs."""
    _check_values(predictions, targets)
    return float(np.mean(np.abs(predictions.astype(np.float64) - targets)))


def r2(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the coefficient of determination, the mean over the outputs.

    1 is perfect, 0 as good as the targets' mean. An output whose targets are all equal has no variance to explain: 1
    when it is predicted exactly, else 0.
    """
    _check_values(predictions, targets)
    return unchecked_r2(predictions, targets)


def unchecked_r2(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return `r2` without looking at the values first; NaN or infinite when a prediction is."""
    with np.errstate(all="ignore"):
        shape = (len(targets), -1)
        wanted = targets.astype(np.float64).reshape(shape)
        residual = np.square(predictions.astype(np.float64).reshape(shape) - wanted).sum(axis=0)
        total = np.square(wanted - wanted.mean(axis=0)).sum(axis=0)
        constant = wanted.min(axis=0) == wanted.max(axis=0)
        explained = 1 - residual / np.where(constant, 1, total)
        return float(np.mean(np.where(constant, np.where(residual == 0, 1.0, 0.0), explained)))


def _check_values(predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> None:
    if predictions.shape != targets.shape or predictions.size == 0:
        raise InvalidDataset(f"expected values of equal shapes, got {predictions.shape} and {targets.shape}")
    if not (np.isfinite(predictions).all() and np.isfinite(targets).all()):
        raise InvalidDataset("predictions and targets must be finite")
