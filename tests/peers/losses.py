"""Our losses and torch's, by name, with targets for either."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from torch.nn import functional

from core.arrays import Array
from core.objective import Huber, Objective, SigmoidObjective, SoftmaxObjective, SquaredError

Loss = Callable[[Any, Any], Any]
LOSSES: dict[str, tuple[Callable[[Array], Objective], Loss]] = {
    "softmax": (SoftmaxObjective, functional.cross_entropy),
    "smoothed": (lambda z: SoftmaxObjective(z, 0.1), partial(functional.cross_entropy, label_smoothing=0.1)),
    "sigmoid": (SigmoidObjective, functional.binary_cross_entropy_with_logits),
    "squared": (SquaredError, functional.mse_loss),
    "huber": (lambda z: Huber(z, 0.3), partial(functional.huber_loss, delta=0.3)),
}


def loss_targets(loss: str, rows: int) -> Array:
    """Return random targets of four outputs: class indices (rows,), or numbers (rows, 4)."""
    rng = np.random.default_rng(1)
    if loss in ("softmax", "smoothed"):
        return rng.integers(0, 4, rows)
    if loss == "sigmoid":
        return rng.integers(0, 2, (rows, 4)).astype(np.float32)
    return rng.standard_normal((rows, 4)).astype(np.float32)
