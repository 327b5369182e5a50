"""Scores and differences as dots with intervals."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.metric_words import words_of
from evolution.verdict import Verdict
from service.dashboard.interval_drawing import (
    MOST_TICKS,
    Mark,
    difference_marks,
    draw_differences,
    draw_scores,
    score_limits,
    score_marks,
    ticks,
)
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, first_format, rival, verdict_of

SVG = "{http://www.w3.org/2000/svg}"

VERDICTS = [
    verdict_of(arm("evolution", 0.9, search_score=0.92), arm("random_search", 0.6), rivals=[rival("svc", 0.95)]),
    regression_verdict(number_arm("evolution", 40), number_arm("hand_100", 60), rivals=[number_rival("svr", 30)]),
    Verdict.from_json(first_format()),
]


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def share(text: str | None) -> float:
    return float(str(text).removesuffix("%"))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_dot_lies_on_its_interval_and_all_lie_inside(verdict: Verdict) -> None:
    for markup in (draw_scores(verdict), draw_differences(verdict)):
        drawing = parsed(markup)
        rows = [group for group in drawing if group.tag == f"{SVG}g"]
        for row in rows:
            line, dot = row.find(f"{SVG}line"), row.find(f"{SVG}circle")
            assert line is not None
            assert dot is not None
            assert 0 <= share(line.get("x1")) <= share(dot.get("cx")) <= share(line.get("x2")) <= 100

    assert len([group for group in parsed(draw_scores(verdict)) if group.tag == f"{SVG}g"]) == len(score_marks(verdict))


def test_the_drawing_says_in_words_what_it_shows() -> None:
    label = parsed(draw_scores(VERDICTS[0])).get("aria-label", "")

    assert label.startswith("accuracy on the test rows with 95 % intervals: evolution ")
    assert "scikit-learn's SVC" in label


def test_differences_are_told_by_their_conclusion() -> None:
    verdict = VERDICTS[0]
    kinds = {mark.label: mark.kind for mark in difference_marks(verdict)}

    assert kinds["random search with as many epochs"] == "better"
    assert "points: better" in draw_differences(verdict)


def test_without_rivals_there_is_nothing_to_draw() -> None:
    assert draw_differences(verdict_of(arm("evolution", 0.9))) == ""


def test_the_floor_is_drawn_where_it_leaves_room_for_the_differences() -> None:
    near = [Mark("one", 0.6, 0.5, 0.7, "", "found")]
    far = [Mark("one", 0.96, 0.95, 0.97, "", "found")]
    words = words_of("accuracy")

    assert score_limits(near, 0.3, words)[0] < 0.3
    assert score_limits(far, 0.1, words)[0] > 0.9
    assert "learning nothing" in draw_scores(verdict_of(arm("evolution", 0.5), arm("random_search", 0.45)))


@given(st.floats(-100, 100), st.floats(0.001, 200))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)

    assert 1 <= len(found) <= MOST_TICKS + 1
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in found)
