import pytest

from evolution.answer_sentence import importance_sentence, layers_sentence, neurons_sentence
from evolution.answers import Group
from evolution.importance import Importance
from evolution.metric_words import words_of


def group(
    least: int, mean: float, networks: int = 5, p: float | None = None, most: int | None = None, close: bool = False
) -> Group:
    behind_high = None if p is None else 0.005 if close else 0.1
    return Group(least, most or least, networks, mean, None, None, None, None, behind_high, p)


LOGISTIC = group(0, 0.8, 1)


def test_one_layer_was_enough() -> None:
    assert layers_sentence([LOGISTIC, group(1, 0.9), group(2, 0.85, p=0.2)], "better") == (
        "One hidden layer was enough: the 5 networks with one hidden layer score 90.0 % on average, the most of all."
    )


def test_less_than_a_point_behind_is_enough() -> None:
    assert layers_sentence([LOGISTIC, group(1, 0.905, p=0.6, close=True), group(2, 0.91)], "better") == (
        "One hidden layer was enough: the 5 networks with one hidden layer score 90.5 % on average, less than a point "
        "behind the highest average (91.0 % with two hidden layers)."
    )


def test_what_is_not_shown_to_be_close_is_not_enough() -> None:
    assert layers_sentence([LOGISTIC, group(1, 0.905, p=0.6), group(2, 0.91)], "better") == (
        "Two hidden layers did best: the 5 networks with two hidden layers score 91.0 % on average, the most of all; "
        "against one hidden layer no difference was shown."
    )


def test_more_layers_paid() -> None:
    found = layers_sentence([LOGISTIC, group(1, 0.8, p=0.001), group(2, 0.85, p=0.3), group(3, 0.95)], "better")

    assert found == (
        "Three hidden layers did best: the 5 networks with three hidden layers score 95.0 % on average, the most of "
        "all; one hidden layer was shown to be worse than that; against two hidden layers no difference was shown."
    )


def test_logistic_regression_is_judged_by_the_verdict() -> None:
    groups = [LOGISTIC, group(1, 0.9), group(2, 0.85)]

    assert "No hidden layer was shown to be needed" in layers_sentence(groups, "no difference shown")
    assert "No hidden layer was needed" in layers_sentence(groups, "worse")


@pytest.mark.parametrize("groups", [[], [LOGISTIC], [LOGISTIC, group(1, 0.9, 1)], [LOGISTIC, group(1, 0.9)]])
def test_what_was_not_tried_stays_open(groups: list[Group]) -> None:
    assert "stays open" in layers_sentence(groups, "better")
    assert "stays open" in neurons_sentence(groups)


def test_neurons_come_in_bands() -> None:
    groups = [group(8, 0.8, p=0.001, most=15), group(16, 0.899, p=0.5, most=31, close=True), group(32, 0.9, most=63)]

    assert neurons_sentence(groups) == (
        "16 to 31 neurons were enough: the 5 networks with 16 to 31 neurons score 89.9 % on average, less than "
        "a point behind the highest average (90.0 % with 32 to 63 neurons); 8 to 15 neurons were shown to be worse "
        "than that."
    )


def test_importance_is_told_only_where_the_model_predicts() -> None:
    known = importance_sentence(Importance(0.4, 0.5, 0.01, fit_quality=0.7, networks=64))
    unknown = importance_sentence(Importance(0.4, 0.5, 0.01, fit_quality=-0.3, networks=64))

    assert "depth alone explains 40.0 %, the number of neurons 50.0 % and the activation 1.0 %" in known
    assert "explains 70.0 % of the scores of networks that it was not given" in known
    assert "stays open" in unknown
    assert "40.0 %" not in unknown


def test_a_regression_is_held_against_linear_regression_and_scored_in_r2() -> None:
    r2 = words_of("r2")
    groups = [LOGISTIC, group(1, 0.905, p=0.6, close=True), group(2, 0.91)]

    assert "No hidden layer was needed: linear regression, which" in layers_sentence(groups, "worse", r2)
    told = layers_sentence(groups, "better", r2)
    assert "score an R² of 0.905 on average, less than 0.01 behind the highest average (0.910 with two" in told
