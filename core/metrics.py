"""Numbers that say how good predictions are. Logits are (n, classes), targets (n,) class indices."""

from typing import Any

import numpy as np
import numpy.typing as npt


def accuracy(logits: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the share of rows whose largest logit is the target's; the first of equals counts."""
    return float(np.mean(logits.argmax(axis=1) == targets))


def cross_entropy(logits: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of -log softmax(logits)[target] in nats; NaN or infinite when the logits are."""
    with np.errstate(all="ignore"):
        # float64, because the mean of many float32 losses would depend on their order; the largest logit goes first,
        # because exp of a difference never overflows.
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        wanted = np.take_along_axis(shifted, targets[:, np.newaxis], axis=1)[:, 0]
        return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - wanted))
