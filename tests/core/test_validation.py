import math

import numpy as np
import pytest

from core.errors import InvalidTrainingConfig
from core.training_config import TrainingConfig
from core.validation import check_metric, validation_loss, validation_score

PLAIN = TrainingConfig(label_smoothing=0.3, class_weights="balanced")
HUBER = TrainingConfig(regression_loss="huber", huber_delta=1.0)


def test_losses_are_plain() -> None:
    even = np.zeros((4, 2), np.float32)
    labels = np.array([[0, 1]] * 4)

    assert validation_loss("classification", PLAIN, even, np.array([0, 1, 1, 1])) == pytest.approx(math.log(2))
    assert validation_loss("binary", PLAIN, even[:, :1], np.array([0, 1, 1, 1])) == pytest.approx(math.log(2))
    assert validation_loss("multi_label", PLAIN, even, labels) == pytest.approx(math.log(2))
    assert validation_loss("regression", PLAIN, even, np.full((4, 2), 3.0)) == 9
    assert validation_loss("regression", HUBER, even, np.full((4, 2), 3.0)) == 2.5


def test_scores_by_hand() -> None:
    outputs = np.array([[1.0, -1.0], [2.0, 3.0]], np.float32)

    assert validation_score("classification", outputs, np.array([0, 0])) == 0.5
    assert validation_score("binary", outputs[:, 1:], np.array([0, 0])) == 0.5
    assert validation_score("multi_label", outputs, np.array([[1, 1], [1, 1]])) == 0.75
    assert validation_score("regression", outputs, outputs) == 1


def test_what_is_not_finite_shows_in_the_loss() -> None:
    outputs = np.array([[math.nan], [0.0]], np.float32)

    assert not math.isfinite(validation_loss("binary", PLAIN, outputs, np.array([0, 1])))
    assert not math.isfinite(validation_loss("regression", PLAIN, outputs, np.zeros((2, 1))))
    assert not math.isfinite(validation_loss("regression", HUBER, outputs, np.zeros((2, 1))))


def test_balanced_accuracy_counts_classes_alike() -> None:
    # Class 0 has three rows, all right; class 1 has one, wrong.
    logits = np.array([[2.0, 0.0]] * 4)
    targets = np.array([0, 0, 0, 1])

    assert validation_score("classification", logits, targets) == 0.75
    assert validation_score("classification", logits, targets, "balanced_accuracy") == 0.5
    assert validation_score("binary", np.full((4, 1), -1.0), targets, "balanced_accuracy") == 0.5


def test_no_score_lies_below_minus_one() -> None:
    targets = np.array([[0.0], [1.0]])

    assert validation_score("regression", np.array([[3.0], [0.0]]), targets) == -1.0
    assert validation_score("regression", np.array([[1.0], [0.0]]), targets) == -1.0
    assert validation_score("regression", np.array([[0.5], [0.5]]), targets) == 0.0
    assert math.isnan(validation_score("regression", np.full((2, 1), np.nan), targets))


def test_a_metric_of_another_task_is_refused() -> None:
    check_metric("regression", None)
    check_metric("regression", "r2")
    with pytest.raises(InvalidTrainingConfig, match="'accuracy' is not for regression; there is r2"):
        check_metric("regression", "accuracy")
