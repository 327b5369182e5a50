import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidDataset
from core.metrics import (
    accuracy,
    balanced_accuracy,
    binary_cross_entropy,
    confusion_matrix,
    cross_entropy,
    huber,
    log_loss,
    macro_f1,
    macro_roc_auc,
    mae,
    r2,
    rmse,
    roc_auc,
)


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


PREDICTED, TARGETS = np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 1, 0])


def test_confusion_matrix_by_hand() -> None:
    # Three of class 0, one of them taken for 1; three of class 1, one taken for 2; none of class 2 or 3.
    assert confusion_matrix(PREDICTED, TARGETS, 4).tolist() == [[2, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_balanced_accuracy_and_f1_by_hand() -> None:
    assert balanced_accuracy(PREDICTED, TARGETS, 4) == pytest.approx((2 / 3 + 2 / 3) / 2)
    # Class 0: 2*2 / (2 + 3); class 1: 2*2 / (3 + 3); class 2 was predicted, never right; class 3 occurs nowhere.
    assert macro_f1(PREDICTED, TARGETS, 4) == pytest.approx((4 / 5 + 4 / 6 + 0) / 3)


def test_one_class_alone_is_no_special_case() -> None:
    ones = np.ones(4, np.int64)

    assert balanced_accuracy(ones, ones, 3) == macro_f1(ones, ones, 3) == 1
    assert balanced_accuracy(ones, 0 * ones, 3) == macro_f1(ones, 0 * ones, 3) == 0


def test_log_loss_by_hand_and_at_its_ends() -> None:
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]])

    assert log_loss(probabilities, np.array([0, 0])) == pytest.approx(math.log(4) / 2)
    assert log_loss(probabilities[1:], np.array([1])) == pytest.approx(149 * math.log(2))
    assert log_loss(np.array([[1 + 1e-7, 0.0]]), np.array([0])) == 0


def test_roc_auc_by_hand() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8])

    # Of four pairs (0.35, 0.1), (0.35, 0.4), (0.8, 0.1), (0.8, 0.4) three are in order.
    assert roc_auc(scores, np.array([0, 0, 1, 1])) == 0.75
    assert roc_auc(np.ones(4), np.array([0, 0, 1, 1])) == 0.5
    assert roc_auc(scores, np.zeros(4, np.int64)) == 0.5
    assert roc_auc(scores, np.ones(4, np.int64)) == 0.5


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=2, max_size=30))
@settings(deadline=None)
def test_roc_auc_counts_pairs(rows: list[tuple[int, int]]) -> None:
    above = [score for score, target in rows if target]
    below = [score for score, target in rows if not target]
    pairs = [(one > other) + (one == other) / 2 for one in above for other in below]
    expected = sum(pairs) / len(pairs) if pairs else 0.5
    scores, targets = (np.array(column) for column in zip(*rows, strict=True))

    assert roc_auc(scores, targets) == pytest.approx(expected)


def test_macro_roc_auc_leaves_out_what_cannot_be_ranked() -> None:
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.3, 0.6, 0.1]])

    # Class 2 has no row; class 0 ranks perfectly, class 1 as well.
    assert macro_roc_auc(scores, np.array([0, 1, 1])) == 1
    assert macro_roc_auc(scores[:1], np.array([0])) == 0.5
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 1]])
    # Label 0: 0.9 above 0.2 and 0.3; label 1: 0.6 above 0.1, below 0.8.
    assert macro_roc_auc(scores, labels) == pytest.approx((1 + 0.5) / 2)


def test_regression_by_hand() -> None:
    predicted, targets = np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [4.0], [4.0]])

    assert rmse(predicted, targets) == pytest.approx(math.sqrt(8 / 3))
    assert mae(predicted, targets) == pytest.approx(4 / 3)
    assert r2(predicted, targets) == pytest.approx(1 - 8 / 6)
    assert huber(predicted, targets, 1.0) == pytest.approx((0 + 1.5 + 1.5) / 3)


def test_r2_of_equal_targets() -> None:
    targets = np.full((3, 1), 0.1, np.float32)

    assert r2(targets, targets) == 1
    assert r2(targets + 1, targets) == 0
    assert r2(np.zeros((1, 2)), np.zeros((1, 2))) == 1
    mixed = np.concatenate([targets, np.array([[1.0], [2.0], [3.0]])], axis=1)
    assert r2(mixed, mixed) == 1


@pytest.mark.parametrize("size", [1e6, -1e6])
def test_binary_cross_entropy_of_huge_logits_is_finite(size: float) -> None:
    assert binary_cross_entropy(np.array([size]), np.array([0])) == pytest.approx(max(size, 0))
    assert binary_cross_entropy(np.array([0.0]), np.array([1])) == pytest.approx(math.log(2))


@given(
    st.integers(1, 12).flatmap(
        lambda rows: st.tuples(
            st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
            st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
        )
    ),
    st.sampled_from([1e-42, 1e-6, 1.0, 1e6, 1e30]),
)
@settings(deadline=None)
def test_every_metric_is_finite_for_finite_predictions(columns: tuple[list[int], list[int]], size: float) -> None:
    predicted, targets = np.array(columns[0]), np.array(columns[1])
    values, wanted = (predicted * size).astype(np.float32)[:, np.newaxis], (targets * size).astype(np.float32)
    one_hot = np.eye(4)[predicted]
    numbers = [
        balanced_accuracy(predicted, targets, 4),
        macro_f1(predicted, targets, 4),
        log_loss(one_hot, targets),
        macro_roc_auc(one_hot, targets),
        rmse(values, wanted[:, np.newaxis]),
        mae(values, wanted[:, np.newaxis]),
        r2(values, wanted[:, np.newaxis]),
        cross_entropy(one_hot * size, targets),
    ]

    assert all(math.isfinite(number) for number in numbers)
    assert all(0 <= number <= 1 for number in numbers[:2])


def test_what_cannot_be_computed_is_named() -> None:
    none = np.zeros(0, np.int64)
    with pytest.raises(InvalidDataset, match="at least one row"):
        balanced_accuracy(none, none, 2)
    with pytest.raises(InvalidDataset, match="targets go from 0 to 5"):
        confusion_matrix(np.zeros(2, np.int64), np.array([0, 5]), 3)
    with pytest.raises(InvalidDataset, match="must be from 0 to 1"):
        log_loss(np.array([[math.nan, 1.0]]), np.array([0]))
    with pytest.raises(InvalidDataset, match="targets must be from 0"):
        log_loss(np.array([[0.5, 0.5]]), np.array([2]))
    with pytest.raises(InvalidDataset, match="expected probabilities"):
        log_loss(np.zeros((0, 2)), none)
    with pytest.raises(InvalidDataset, match="finite"):
        roc_auc(np.array([math.nan]), np.array([1]))
    with pytest.raises(InvalidDataset, match="expected scores"):
        roc_auc(np.zeros(2), np.zeros(3))
    with pytest.raises(InvalidDataset, match="expected scores"):
        macro_roc_auc(np.zeros((0, 2)), none)
    with pytest.raises(InvalidDataset, match="targets must be"):
        macro_roc_auc(np.zeros((1, 2)), np.array([2]))
    with pytest.raises(InvalidDataset, match="equal shapes"):
        rmse(np.zeros(2), np.zeros((2, 1)))
    with pytest.raises(InvalidDataset, match="finite"):
        r2(np.array([math.inf]), np.array([1.0]))
