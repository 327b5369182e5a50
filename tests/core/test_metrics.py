import math

import numpy as np
import pytest

from core.metrics import accuracy, cross_entropy


def test_accuracy_counts_the_first_of_equals() -> None:
    logits = np.array([[1.0, 2.0], [3.0, 3.0], [0.0, 0.0], [5.0, 1.0]])

    assert accuracy(logits, np.array([1, 0, 1, 0])) == 0.75


def test_cross_entropy_by_hand() -> None:
    logits = np.array([[math.log(3), 0.0], [0.0, 0.0]], np.float32)

    assert cross_entropy(logits, np.array([1, 0])) == pytest.approx((math.log(4) + math.log(2)) / 2)


@pytest.mark.parametrize("size", [1e6, -1e6])
def test_cross_entropy_of_huge_logits_is_finite(size: float) -> None:
    logits = np.array([[size, 0.0]], np.float32)

    assert cross_entropy(logits, np.array([0])) == pytest.approx(max(-size, 0))


def test_cross_entropy_hands_nan_on() -> None:
    assert not math.isfinite(cross_entropy(np.array([[math.nan, 0.0]]), np.array([1])))
    assert not math.isfinite(cross_entropy(np.array([[math.inf, 0.0]]), np.array([1])))
