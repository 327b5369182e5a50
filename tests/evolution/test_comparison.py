from dataclasses import replace

import numpy as np
import pytest

from evolution.answer_sentence import importance_sentence
from evolution.answers import answer
from evolution.arms import ArmResult
from evolution.comparison import reach_verdict
from evolution.errors import InvalidVerdict
from evolution.importance import Importance
from evolution.ledger import LedgerEntry
from evolution.statistics import floor_test, holm, paired_test, share_interval
from evolution.verdict import Verdict
from tests.evolution.builders import candidate, evaluation
from tests.evolution.verdicts import ROWS, TARGETS, arm, guessing, rival, verdict_of


def verdict() -> Verdict:
    return verdict_of(
        arm("evolution", 0.95, widths=(9, 5), search_score=0.98),
        arm("logistic_regression", 0.80, widths=()),
        arm("hand_100", 0.99),
        arm("hand_128_64", 0.85),
        arm("random_search", 0.95, search_score=0.97),
        rivals=[rival("svc", 0.97), rival("mlp", 0.7)],
    )


def test_every_rival_is_compared_with_the_evolved_network() -> None:
    found = verdict()
    accuracies = {one.name: one.test_score for one in found.arms} | {one.name: one.test_score for one in found.rivals}

    assert [(one.rival, one.conclusion) for one in found.comparisons] == [
        ("logistic_regression", "better"),
        ("hand_100", "worse"),
        ("hand_128_64", "better"),
        ("random_search", "no difference shown"),
        ("svc", "worse"),
        ("mlp", "better"),
    ]
    for one in found.comparisons:
        assert one.difference == pytest.approx(accuracies["evolution"] - accuracies[one.rival])
        assert one.low <= one.difference <= one.high
    assert [one.adjusted_p_value for one in found.comparisons] == list(holm([one.p_value for one in found.comparisons]))


def test_the_numbers_are_those_of_the_paired_test() -> None:
    evolution, other = arm("evolution", 0.95), arm("random_search", 0.93)
    found = verdict_of(other, evolution).comparisons[0]
    expected = paired_test(evolution.predictions == TARGETS, other.predictions == TARGETS)

    assert (found.difference, found.low, found.high, found.p_value) == (
        expected.mean,
        expected.low,
        expected.high,
        expected.p_value,
    )


def test_everybody_is_held_against_the_most_frequent_answer() -> None:
    arms = [arm("evolution", 0.95), guessing("hand_100")]
    found = verdict_of(*arms, rivals=[rival("svc", 0.97)])
    floors = [found.arms[0].floor, found.arms[1].floor, found.rivals[0].floor]
    expected = floor_test(arms[1].predictions == TARGETS, TARGETS == 0)

    assert found.floor is not None
    assert (found.floor.answer, found.floor.score) == ("zero", np.mean(TARGETS == 0))
    assert floors[1] is not None
    assert (floors[1].difference, floors[1].p_value) == (expected.mean, expected.p_value)
    assert [one.above for one in floors if one is not None] == [True, False, True]
    assert [one.adjusted_p_value for one in floors if one] == list(holm([one.p_value for one in floors if one]))


def test_to_be_worse_than_the_floor_is_not_to_have_learned() -> None:
    found = verdict_of(arm("evolution", 0.05)).arms[0].floor

    assert found is not None
    assert found.adjusted_p_value < 0.001
    assert not found.above


def test_a_method_beats_the_networks_only_if_it_beats_each() -> None:
    arms = [arm("evolution", 0.90), arm("hand_100", 0.97), arm("hand_128_64", 0.80)]
    svc, forest = rival("svc", 0.999), rival("random_forest", 0.96)
    found = {one.name: one for one in verdict_of(*arms, rivals=[svc, forest]).rivals}
    worst = max(paired_test(svc.predictions == TARGETS, one.predictions == TARGETS).p_value for one in arms)

    assert found["svc"].above_networks
    # Holm over two methods: the smaller p-value counts twice.
    assert found["svc"].above_networks_p_value == pytest.approx(2 * worst)
    # Better than two of the three is not enough.
    assert not found["random_forest"].above_networks
    assert found["random_forest"].above_networks_p_value == 1


def test_the_ensemble_answers_by_majority() -> None:
    evolution = arm("evolution", 0.9)
    votes = (evolution.predictions == TARGETS).sum(axis=0) >= 3
    found = verdict_of(evolution).ensemble

    assert found is not None
    assert (found.members, found.test_score) == (5, np.mean(votes))
    assert (found.low, found.high) == share_interval(int(votes.sum()), ROWS)


def test_the_table_says_accuracy_interval_curse_and_costs() -> None:
    evolution = verdict().arms[0]

    assert evolution.test_low < evolution.test_score < evolution.test_high
    assert evolution.test_score == pytest.approx(0.95, abs=0.03)
    assert (evolution.seeds, evolution.failures) == (5, 0)
    assert evolution.winners_curse == pytest.approx(0.03)
    assert evolution.parameters == evolution.architecture.parameter_count
    assert evolution.search == LedgerEntry(10, 30, 1000, 2.5)
    assert evolution.finalists == LedgerEntry(4, 24, 800, 1.5)
    assert evolution.retraining == LedgerEntry(5, 15, 500, 1.25)
    assert verdict().arms[1].winners_curse is None


def test_the_smallest_is_named_even_where_it_is_the_winner() -> None:
    assert verdict_of(arm("evolution", 0.9)).smallest == "evolution"
    assert verdict_of(arm("evolution", 0.9), arm("smallest", 0.9, widths=(2,))).smallest == "smallest"


def test_identical_arms_are_not_told_apart() -> None:
    found = verdict_of(arm("evolution", 0.9), arm("hand_100", 0.9))
    same = arm("evolution", 0.9)
    equal = verdict_of(same, replace(same, name="hand_100", label="the twin"))

    assert found.comparisons[0].conclusion == "no difference shown"
    assert equal.comparisons[0].p_value == 1


def test_where_nothing_was_learned_the_answers_stay_open() -> None:
    answers = answer([evaluation(candidate(number, (8 + number,))) for number in range(3)])
    found = verdict_of(guessing("evolution"), answers=answers, importance=Importance(0.4, 0.5, 0.1, 0.6, 64))
    learned = verdict_of(arm("evolution", 0.9), answers=answers, importance=Importance(0.4, 0.5, 0.1, 0.6, 64))

    assert found.layers is not None
    assert found.neurons is not None
    for told in (found.layers.sentence, found.neurons.sentence, found.importance_sentence):
        assert told is not None
        assert told.endswith("stays open, for the networks learned nothing that could be shown.")
    assert learned.importance_sentence == importance_sentence(Importance(0.4, 0.5, 0.1, 0.6, 64))


def test_an_arm_alone_is_only_described() -> None:
    found = verdict_of(arm("evolution", 0.9))

    assert found.comparisons == ()
    assert len(found.paragraph) == 1
    assert found.sentence == found.paragraph[0]


def test_a_failed_training_counts_as_wrong_everywhere() -> None:
    targets = np.array([0, 2, 1])
    right = arm("evolution", 0.9, seeds=2)
    answers = np.stack([targets, targets])
    evolution = replace(right, predictions=answers)
    broken = replace(arm("hand_100", 0.9, seeds=2), validation_scores=(0.9,))
    broken = replace(broken, predictions=np.stack([targets, np.full(3, -1)]))
    found = reach_verdict([evolution, broken], targets, usual_answer=(0, "zero"))

    assert [one.test_score for one in found.arms] == [1.0, 0.5]
    assert [one.failures for one in found.arms] == [0, 1]


def test_arms_that_do_not_fit_together_are_refused() -> None:
    def refused(*arms: ArmResult, evolved: str = "evolution") -> str:
        with pytest.raises(InvalidVerdict) as caught:
            verdict_of(*arms, evolved=evolved)
        return str(caught.value)

    assert "'evolution' among them" in refused(arm("hand_100", 0.9))
    assert "different names" in refused(arm("evolution", 0.9), arm("evolution", 0.9))
    assert "expected predictions (5, 400), got (4, 400)" in refused(
        arm("evolution", 0.9), arm("hand_100", 0.9, seeds=4)
    )
    assert "at least 2 seeds" in refused(arm("evolution", 0.9, seeds=1))
