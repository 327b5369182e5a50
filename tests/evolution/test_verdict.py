import json
from typing import Any

import pytest

from core.architecture import Architecture
from evolution.answers import answer
from evolution.arms import SkippedRival
from evolution.candidate import Evaluation
from evolution.errors import InvalidVerdict
from evolution.finalists import Finalist
from evolution.importance import Importance
from evolution.ledger import LedgerEntry
from evolution.verdict import FinalistRound, Verdict
from tests.evolution.builders import architecture, candidate, evaluation
from tests.evolution.verdicts import arm, first_format, rival, verdict_of


def searched() -> list[Evaluation]:
    return [evaluation(candidate(number, (8 + number,)), 0.5 + number / 100) for number in range(4)]


def verdict() -> Verdict:
    return verdict_of(
        arm("evolution", 0.95, widths=(9, 5), search_score=0.98),
        arm("logistic_regression", 0.80, widths=()),
        rivals=[rival("mlp", 0.97)],
        skipped=[SkippedRival("svc", "scikit-learn's SVC", "30,000 training rows; it is fitted up to 20,000")],
        finalists=[
            FinalistRound(
                "evolution",
                (
                    Finalist(architecture((9, 5)), 0.98, 0.95, 0.01, 4, 0),
                    Finalist(architecture((3,)), 0.97, None, None, 4, 4),
                ),
            )
        ],
        answers=answer(searched()),
        importance=Importance(0.4, 0.5, 0.1, 0.6, 64),
    )


def test_it_goes_through_json_and_back() -> None:
    found = verdict()
    text = json.dumps(found.to_json(), allow_nan=False)

    assert Verdict.from_json(json.loads(text)) == found
    assert json.loads(text)["format"] == 2


def test_it_is_asked_by_name() -> None:
    found = verdict()

    assert found.arm("evolution") == found.arms[0]
    assert found.arm("hand_100") is None
    assert found.comparison("mlp") == found.comparisons[1]
    assert found.comparison("nobody") is None
    assert found.labels == {
        "evolution": "evolution",
        "logistic_regression": "logistic regression",
        "mlp": "scikit-learn's MLP",
    }


def test_a_verdict_of_the_first_format_is_read() -> None:
    stored = first_format()
    found = Verdict.from_json(stored)

    assert found.sentence == stored["sentence"]
    assert found.paragraph == (stored["sentence"],)
    assert [one.test_score for one in found.arms] == [one["test_accuracy"] for one in stored["arms"]]
    assert [one.conclusion for one in found.comparisons] == [one["conclusion"] for one in stored["comparisons"]]
    assert (found.floor, found.rivals, found.layers, found.ensemble) == (None, (), None, None)
    assert found.arms[0].finalists == LedgerEntry()
    assert found.arms[0].parameters == 6 * 9 + 9 + 9 * 5 + 5 + 5 * 3 + 3
    # What was read can be stored again.
    assert Verdict.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    "broken",
    [None, [], {}, {"format": 3}, {"format": 2}, {"format": 1}, {"format": 1, "arms": 3}, {"format": 2, "arms": [4]}],
)
def test_a_stored_verdict_that_is_none_is_refused(broken: object) -> None:
    with pytest.raises(InvalidVerdict, match="verdict"):
        Verdict.from_json(broken)


@pytest.mark.parametrize("part", ["rivals", "finalists", "layers", "floor", "importance", "ensemble", "paragraph"])
def test_a_part_that_is_something_else_is_refused(part: str) -> None:
    stored: dict[str, Any] = verdict().to_json()
    stored[part] = 5
    with pytest.raises(InvalidVerdict, match="verdict"):
        Verdict.from_json(stored)


def test_a_stored_verdict_with_a_changed_field_is_refused() -> None:
    stored = verdict().to_json()
    stored["arms"][0]["architecture"] = Architecture((6,), (), 3).to_json() | {"layers": [{"kind": "lstm"}]}
    with pytest.raises(InvalidVerdict, match="layers"):
        Verdict.from_json(stored)
