import json

import pytest

from evolution.verdict import Verdict
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, rival, verdict_of


def regression() -> Verdict:
    return regression_verdict(
        number_arm("evolution", 40, widths=(9, 5), search_score=0.8),
        number_arm("linear_regression", 60, widths=()),
        rivals=[number_rival("svr", 30)],
    )


def test_a_verdict_on_accuracy_is_still_written_in_the_second_format() -> None:
    found = verdict_of(arm("evolution", 0.9), arm("hand_100", 0.8), rivals=[rival("mlp", 0.7)])
    stored = found.to_json()

    assert stored["format"] == 2
    assert stored["arms"][0]["test_accuracy"] == found.arms[0].test_score
    assert stored["rivals"][0]["validation_accuracy"] == 0.7
    assert stored["ensemble"]["test_accuracy"] == found.ensemble.test_score if found.ensemble else False
    assert set(stored["floor"]) == {"answer", "share"}
    assert not {"rmse", "test_score", "metric", "task", "target"} & {
        key for part in (stored, stored["arms"][0], stored["comparisons"][0], stored["ensemble"]) for key in part
    }
    assert Verdict.from_json(json.loads(json.dumps(stored))) == found


@pytest.mark.parametrize("found", [regression(), verdict_of(arm("evolution", 0.9), metric="balanced_accuracy")])
def test_other_metrics_take_the_third(found: Verdict) -> None:
    stored = json.loads(json.dumps(found.to_json(), allow_nan=False))

    assert (stored["format"], stored["metric"]) == (3, found.metric)
    assert stored["arms"][0]["test_score"] == found.arms[0].test_score
    assert Verdict.from_json(stored) == found
    assert Verdict.from_json(stored).to_json() == stored
