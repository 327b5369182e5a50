import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.arrays import Array
from core.objective import Huber, Objective, SigmoidObjective, SoftmaxObjective, SquaredError

MAKERS: dict[str, Callable[[Array], Objective]] = {
    "softmax": SoftmaxObjective,
    "smoothed softmax": lambda logits: SoftmaxObjective(logits, 0.2),
    "sigmoid": SigmoidObjective,
    "smoothed sigmoid": lambda logits: SigmoidObjective(logits, 0.2),
    "squared error": SquaredError,
    "huber": lambda outputs: Huber(outputs, 0.7),
}


def _targets(name: str, rng: np.random.Generator, outputs: int, rows: int) -> Array:
    if "softmax" in name:
        return rng.integers(0, outputs, rows)
    if "sigmoid" in name:
        return rng.integers(0, 2, (outputs, rows)).astype(np.float64)
    return rng.standard_normal((outputs, rows))


def _run(name: str, outputs: Array, targets: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return losses and gradient."""
    array, losses = outputs.copy(), np.empty(outputs.shape[1], outputs.dtype)
    MAKERS[name](array)(targets, weights, losses)
    return losses, array


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 4])
def test_gradient_equals_finite_differences(name: str, weighted: bool, outputs: int) -> None:
    rng = np.random.default_rng(0)
    values = 2 * rng.standard_normal((outputs, 6))
    targets, weights = _targets(name, rng, outputs, 6), rng.uniform(0, 3, 6) if weighted else None
    numeric = np.empty_like(values)
    for place in np.ndindex(values.shape):
        moved = []
        for delta in (1e-6, -1e-6):
            shifted = values.copy()
            shifted[place] += delta
            moved.append(_run(name, shifted, targets, weights)[0].sum())
        numeric[place] = (moved[0] - moved[1]) / 2e-6

    np.testing.assert_allclose(_run(name, values, targets, weights)[1], numeric, rtol=1e-5, atol=1e-8)


def test_worked_losses() -> None:
    # Probabilities 3/4 and 1/4; smoothing 0.2 makes the target (0.9, 0.1).
    logits = np.array([[math.log(3)], [0.0]])
    losses, gradient = _run("smoothed softmax", logits, np.array([0]))

    assert losses[0] == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4))
    np.testing.assert_allclose(gradient[:, 0], [0.75 - 0.9, 0.25 - 0.1])

    losses, gradient = _run("sigmoid", logits, np.array([[1.0], [1.0]]))

    assert losses[0] == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    np.testing.assert_allclose(gradient[:, 0], [-0.25 / 2, -0.5 / 2])

    losses, gradient = _run("squared error", np.array([[1.0], [5.0]]), np.array([[0.0], [2.0]]), np.array([2.0]))

    assert losses[0] == 2 * (1 + 9) / 2
    assert gradient[:, 0].tolist() == [2, 6]

    losses, gradient = _run("huber", np.array([[0.5], [5.0]]), np.array([[0.0], [2.0]]))

    assert losses[0] == pytest.approx((0.125 + 0.7 * (3 - 0.35)) / 2)
    np.testing.assert_allclose(gradient[:, 0], [0.25, 0.35])


@pytest.mark.parametrize("name", [name for name in MAKERS if "softmax" in name or "sigmoid" in name])
@pytest.mark.parametrize("size", [1e6, -1e6, 1e-42, 0.0])
def test_extreme_logits_stay_finite(name: str, size: float) -> None:
    logits = np.array([[size, -size], [0, size], [0, 0]], np.float32)
    targets: Any = np.array([0, 1]) if "softmax" in name else np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    with np.errstate(under="ignore"):
        losses, gradient = _run(name, logits, targets)

    assert np.isfinite(losses).all()
    assert (losses >= 0).all()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() <= 1


@pytest.mark.parametrize("name", MAKERS)
def test_nan_is_handed_on(name: str) -> None:
    values = np.full((2, 1), math.nan, np.float32)
    targets: Any = np.array([0]) if "softmax" in name else np.zeros((2, 1), np.float32)

    assert np.isnan(_run(name, values, targets)[0]).all()
