import numpy as np
import pytest

from evolution.arms import NO_ANSWER, arm_result, majority_vote, read_predictions
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidVerdict
from evolution.ledger import LedgerEntry
from tests.evolution.builders import TRAINING, architecture


def trained(number: int, predictions: list[int] | None, fitness: float | None = 0.75) -> Evaluation:
    candidate = Candidate(number, (), "retrain", number, architecture((4,)), TRAINING, predict_test=True)
    content = None if predictions is None else np.array(predictions, "<u2").tobytes()
    error = "diverged" if fitness is None else None
    return Evaluation(candidate, fitness, error, (), 3, 100, 0.5, test_predictions=content)


def test_an_arm_is_collected_from_its_trainings() -> None:
    found = arm_result("hand_100", "a label", [trained(0, [0, 2, 1]), trained(1, None, None)], rows=3)

    assert found.predictions.tolist() == [[0, 2, 1], [NO_ANSWER] * 3]
    assert found.validation_scores == (0.75,)
    assert found.retraining == LedgerEntry(2, 6, 200, 1.0)


def test_trainings_that_are_not_one_arms_are_refused() -> None:
    with pytest.raises(InvalidVerdict, match="seed 0 predicted 2 test rows, expected 3"):
        arm_result("hand_100", "", [trained(0, [0, 1])], rows=3)
    with pytest.raises(InvalidVerdict, match="predicted 0 test rows"):
        arm_result("hand_100", "", [trained(0, None)], rows=3)
    with pytest.raises(InvalidVerdict, match="one architecture, got 0"):
        arm_result("hand_100", "", [], rows=3)


def test_predictions_are_read_as_they_were_stored() -> None:
    stored = [np.array([7, 65_535], "<u2").tobytes(), None]

    assert read_predictions("svc", stored, rows=2).tolist() == [[7, 65_535], [NO_ANSWER] * 2]


def test_the_majority_decides_and_ties_go_to_the_lowest_class() -> None:
    votes = np.array([[2, 1, 0, NO_ANSWER], [2, 3, 4, NO_ANSWER], [1, 3, 2, NO_ANSWER]])

    assert majority_vote(votes).tolist() == [2, 3, 0, NO_ANSWER]
    # A seed that failed has no vote.
    assert majority_vote(np.array([[NO_ANSWER, NO_ANSWER], [3, 0]])).tolist() == [3, 0]


def test_numbers_are_read_as_they_were_stored() -> None:
    stored = np.array([1.5, -2e20, 1 / 3]).astype("<f8").tobytes()
    found = read_predictions("evolution", [stored, None], rows=3, numbers=True)

    assert found[0].tolist() == [1.5, -2e20, 1 / 3]
    assert np.isnan(found[1]).all()
    with pytest.raises(InvalidVerdict, match="predicted 3 test rows, expected 4"):
        read_predictions("evolution", [stored], rows=4, numbers=True)
