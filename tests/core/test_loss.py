import numpy as np
import pytest

from core.loss import SoftmaxCrossEntropy
from tests.core import reference


def _run(logits: list[list[float]], targets: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's loss and gradient for logits (rows, classes)."""
    block = np.ascontiguousarray(np.array(logits, np.float32).T)
    classes, rows = block.shape
    loss = SoftmaxCrossEntropy(block)
    for call in loss.shift:
        call()
    target_logits, sums = np.empty(rows, np.float32), np.empty((1, rows), np.float32)
    cells = np.array(targets) * rows + np.arange(rows)
    one_hot = np.eye(classes, dtype=np.float32)[:, targets]
    loss.gradient(np.ascontiguousarray(one_hot), cells, target_logits, sums)
    return np.log(sums[0]) - target_logits, block.T


def test_equals_the_reference() -> None:
    logits = np.random.default_rng(0).standard_normal((6, 4)) * 3
    targets = [0, 1, 2, 3, 0, 1]
    losses, gradient = _run(logits.tolist(), targets)
    expected = reference.log_softmax(logits)

    np.testing.assert_allclose(losses, -expected[np.arange(6), targets], rtol=1e-5)
    np.testing.assert_allclose(gradient, np.exp(expected) - np.eye(4)[targets], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1e3, 1e6, -1e6, 1e38])
def test_huge_logits_stay_finite(size: float) -> None:
    losses, gradient = _run([[size, 0.0, 0.0], [0.0, size, 0.0]], [0, 0])

    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()
    # Right and sure, then wrong and sure (the other way round for a negative size).
    assert losses.tolist() == pytest.approx([max(-size, 0) + (np.log(2) if size < 0 else 0), max(size, 0) or np.log(2)])


def test_not_a_number_reaches_the_loss() -> None:
    with np.errstate(invalid="ignore"):
        losses, _ = _run([[np.nan, 0.0], [np.inf, 0.0], [1.0, 0.0]], [1, 1, 1])

    assert np.isnan(losses[0])
    assert not np.isfinite(losses[1])
    assert np.isfinite(losses[2])
