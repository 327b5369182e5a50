import json

import numpy as np
import pytest

from core.architecture import Architecture
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidVerdict
from evolution.ledger import LedgerEntry
from evolution.statistics import paired_test
from evolution.verdict import ARM_LABELS, NO_ANSWER, ArmResult, Verdict, arm_result, reach_verdict
from tests.evolution.builders import TRAINING, architecture

ROWS = 400
TARGETS = np.random.default_rng(0).integers(3, size=ROWS)


def arm(
    name: str,
    accuracy: float,
    *,
    seeds: int = 5,
    widths: tuple[int, ...] = (8,),
    search_score: float | None = None,
    luck: int = 0,
) -> ArmResult:
    """An arm that answers each row correctly with this chance; rows are equally hard for all arms."""
    difficulty = np.random.default_rng(1).random(ROWS)
    noise = np.random.default_rng([luck, *name.encode()]).normal(0, 0.02, (seeds, ROWS))
    correct = difficulty + noise < accuracy
    return ArmResult(
        name=name,
        label=ARM_LABELS[name],
        architecture=architecture(widths),
        validation_accuracies=(accuracy,) * seeds,
        predictions=np.where(correct, TARGETS, (TARGETS + 1) % 3),
        search=LedgerEntry(10, 30, 1000, 2.5) if search_score else LedgerEntry(),
        retraining=LedgerEntry(seeds, 3 * seeds, 500, 1.25),
        search_score=search_score,
    )


def verdict() -> Verdict:
    return reach_verdict(
        [
            arm("evolution", 0.95, widths=(9, 5), search_score=0.98),
            arm("logistic_regression", 0.80, widths=()),
            arm("hand_100", 0.99),
            arm("hand_128_64", 0.85),
            arm("random_search", 0.95, search_score=0.97),
        ],
        TARGETS,
        examples="test digits",
    )


def test_every_rival_is_compared_with_the_evolved_network() -> None:
    found = verdict()
    arms = {one.name: one for one in found.arms}

    assert [(one.rival, one.conclusion) for one in found.comparisons] == [
        ("logistic_regression", "better"),
        ("hand_100", "worse"),
        ("hand_128_64", "better"),
        ("random_search", "no difference shown"),
    ]
    for one in found.comparisons:
        assert one.difference == pytest.approx(arms["evolution"].test_accuracy - arms[one.rival].test_accuracy)
        assert one.low <= one.difference <= one.high
        assert one.p_value <= one.adjusted_p_value <= 1


def test_the_numbers_are_those_of_the_paired_test() -> None:
    evolution, rival = arm("evolution", 0.95), arm("random_search", 0.93)
    found = reach_verdict([rival, evolution], TARGETS).comparisons[0]
    expected = paired_test(evolution.predictions == TARGETS, rival.predictions == TARGETS)

    assert (found.difference, found.low, found.high, found.p_value) == (
        expected.mean,
        expected.low,
        expected.high,
        expected.p_value,
    )


def test_the_table_says_accuracy_interval_curse_and_costs() -> None:
    evolution = verdict().arms[0]

    assert evolution.test_low < evolution.test_accuracy < evolution.test_high
    assert evolution.test_accuracy == pytest.approx(0.95, abs=0.03)
    assert (evolution.seeds, evolution.failures) == (5, 0)
    assert evolution.winners_curse == pytest.approx(0.03)
    assert evolution.search == LedgerEntry(10, 30, 1000, 2.5)
    assert evolution.retraining == LedgerEntry(5, 15, 500, 1.25)
    assert verdict().arms[1].winners_curse is None


def test_the_sentence() -> None:
    assert verdict().sentence == (
        "Evolution's network 6-[9 relu, 5 relu]-3 answers 94.5 % of the unseen test digits correctly: better than "
        "logistic regression (+13.5 points, p < 0.001) and the hand design [128, 64] (+6.8 points, p < 0.001); worse "
        "than the hand design [100] (\N{MINUS SIGN}4.5 points, p < 0.001); against random search with as many "
        "epochs no difference was shown (+0.1 points, p = 0.92)."
    )


def test_identical_arms_are_not_told_apart() -> None:
    found = reach_verdict([arm("evolution", 0.9), arm("hand_100", 0.9)], TARGETS)
    same = arm("evolution", 0.9)
    twin = ArmResult("hand_100", "the twin", same.architecture, (0.9,), same.predictions, LedgerEntry(), LedgerEntry())
    equal = reach_verdict([same, twin], TARGETS)

    assert found.comparisons[0].conclusion == "no difference shown"
    assert equal.comparisons[0].p_value == 1
    assert "(\N{PLUS-MINUS SIGN}0.0 points, p = 1.00)" in equal.sentence


def test_the_sentence_names_whoever_found_the_network() -> None:
    arms = [arm("random_search", 0.9), arm("logistic_regression", 0.8)]

    assert reach_verdict(arms, TARGETS, "random_search").sentence.startswith("Random search's network 6-[8 relu]-3")


def test_an_arm_alone_is_only_described() -> None:
    found = reach_verdict([arm("evolution", 0.9)], TARGETS)

    assert found.comparisons == ()
    assert found.sentence.endswith("of the unseen test rows correctly.")


def test_it_goes_through_json_and_back() -> None:
    found = verdict()
    text = json.dumps(found.to_json(), allow_nan=False)

    assert Verdict.from_json(json.loads(text)) == found
    assert json.loads(text)["format"] == 1


@pytest.mark.parametrize("broken", [None, [], {}, {"format": 2}, {"format": 1}, {"format": 1, "arms": 3}])
def test_a_stored_verdict_that_is_none_is_refused(broken: object) -> None:
    with pytest.raises(InvalidVerdict, match="verdict"):
        Verdict.from_json(broken)


def test_a_stored_verdict_with_a_changed_field_is_refused() -> None:
    stored = verdict().to_json()
    stored["arms"][0]["architecture"] = Architecture((6,), (), 3).to_json() | {"layers": [{"kind": "lstm"}]}
    with pytest.raises(InvalidVerdict, match="layers"):
        Verdict.from_json(stored)


def test_arms_that_do_not_fit_together_are_refused() -> None:
    def refused(*arms: ArmResult, evolved: str = "evolution") -> str:
        with pytest.raises(InvalidVerdict) as caught:
            reach_verdict(arms, TARGETS, evolved)
        return str(caught.value)

    assert "'evolution' among them" in refused(arm("hand_100", 0.9))
    assert "different names" in refused(arm("evolution", 0.9), arm("evolution", 0.9))
    assert "expected predictions (5, 400), got (4, 400)" in refused(
        arm("evolution", 0.9), arm("hand_100", 0.9, seeds=4)
    )
    assert "at least 2 seeds" in refused(arm("evolution", 0.9, seeds=1))


def trained(number: int, predictions: list[int] | None, fitness: float | None = 0.75) -> Evaluation:
    candidate = Candidate(number, (), "retrain", number, architecture((4,)), TRAINING, predict_test=True)
    content = None if predictions is None else np.array(predictions, "<u2").tobytes()
    error = "diverged" if fitness is None else None
    return Evaluation(candidate, fitness, error, (), 3, 100, 0.5, test_predictions=content)


def test_an_arm_is_collected_from_its_trainings() -> None:
    found = arm_result("hand_100", "a label", [trained(0, [0, 2, 1]), trained(1, None, None)], rows=3)

    assert found.predictions.tolist() == [[0, 2, 1], [NO_ANSWER] * 3]
    assert found.validation_accuracies == (0.75,)
    assert found.retraining == LedgerEntry(2, 6, 200, 1.0)


def test_a_failed_training_counts_as_wrong_everywhere() -> None:
    targets = np.array([0, 2, 1])
    collected = [
        arm_result(name, name, [trained(0, [0, 2, 1]), second], rows=3)
        for name, second in (("evolution", trained(1, [0, 2, 1])), ("hand_100", trained(1, None, None)))
    ]
    found = reach_verdict(collected, targets)

    assert [one.test_accuracy for one in found.arms] == [1.0, 0.5]
    assert [one.failures for one in found.arms] == [0, 1]


def test_trainings_that_are_not_one_arms_are_refused() -> None:
    with pytest.raises(InvalidVerdict, match="predicted 2 test rows, expected 3"):
        arm_result("hand_100", "", [trained(0, [0, 1])], rows=3)
    with pytest.raises(InvalidVerdict, match="one architecture, got 0"):
        arm_result("hand_100", "", [], rows=3)
