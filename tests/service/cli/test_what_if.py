from typing import Any

from service.cli.what_if import what_if_lines


def standing(number: int, score: float) -> dict[str, Any]:
    return {"number": number, "description": f"64-[{number} relu]-10", "score": score, "deviation": 0.012}


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "evaluations": 20,
        "stored_evaluations": 64,
        "epochs": 160,
        "recommended": standing(4, 0.91),
        "recommended_by_all": standing(40, 0.93),
        "score_by_all": 0.915,
        "gain": 0.015,
    } | changes


def test_what_the_rest_brought_is_told_in_points() -> None:
    text = "\n".join(what_if_lines(answer()))

    assert "with 20 evaluations (160 epochs)" in text
    assert "64-[4 relu]-10, believed to reach 91.0% ± 1.2%" in text
    assert "the 44 evaluations after that led to another one" in text
    assert "believed to reach 91.5%, so the rest brought 1.50 points" in text


def test_a_choice_that_was_confirmed() -> None:
    text = "\n".join(what_if_lines(answer(recommended_by_all=standing(4, 0.92), score_by_all=0.92, gain=0.0)))

    assert "confirmed it: 64-[4 relu]-10, believed to reach 92.0%" in text


def test_a_network_that_is_not_ranked_any_more() -> None:
    text = "\n".join(what_if_lines(answer(score_by_all=None, gain=None)))

    assert "points" not in text


def test_all_of_them_and_none_of_them() -> None:
    assert "all evaluations that are stored" in what_if_lines(answer(evaluations=64))[-1]
    assert "every training would have failed" in what_if_lines(answer(recommended=None))[0]


def test_r2_is_told_as_a_number() -> None:
    text = "\n".join(what_if_lines(answer(metric="r2")))

    assert "believed to reach 0.910 ± 0.012" in text
    assert "believed to reach 0.915, so the rest brought 0.0150 of R²" in text
