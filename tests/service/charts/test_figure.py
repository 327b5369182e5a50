import re
from pathlib import Path

import pytest

import service.dashboard
from service.charts.figure import MARKS, below_range, score_axis, score_format, score_range

STYLE = Path(service.dashboard.__file__).parent / "static" / "style.css"


def luminance(color: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_marks_can_be_seen_on_light_and_on_dark_paper() -> None:
    papers = re.findall(r"--paper: (#[0-9a-f]{6})", STYLE.read_text())

    assert len(papers) == 2
    for mark in MARKS:
        for paper in papers:
            assert contrast(mark, paper) >= 3, (mark, paper)


def test_an_axis_shows_all_scores_that_lie_together() -> None:
    assert score_range([]) is None
    assert score_range([0.5, 0.6, 0.7]) is None
    assert "range" not in score_axis("accuracy", [0.5, 0.6, 0.7])
    assert below_range([0.5, 0.6, 0.7]) == ""


@pytest.mark.parametrize("outlier", [0.0, -1e50, -3.0])
def test_a_score_far_below_does_not_squeeze_the_others(outlier: float) -> None:
    scores = [outlier, *(0.9 + 0.001 * place for place in range(20))]
    shown = score_range(scores)

    assert shown is not None
    assert outlier < shown[0] < 0.9
    assert shown[1] > 0.919
    assert below_range(scores) == "1 score lies below the picture; the table has them."


def test_an_axis_of_equal_scores_and_one_failure_has_a_length() -> None:
    shown = score_range([0.0, *[1.0] * 20])

    assert shown is not None
    assert shown[0] < 1.0 < shown[1]


def test_scores_are_written_as_their_metric_is() -> None:
    assert score_format("accuracy", 1) == ",.1%"
    assert score_format("r2", 1) == ",.3f"
    assert score_axis("accuracy", [0.5])["title"] == {"text": "Validation accuracy (%)"}
    assert score_axis("r2", [0.5])["title"] == {"text": "Validation R²"}
    assert score_axis("balanced_accuracy", [0.5])["title"] == {"text": "Validation balanced accuracy (%)"}
