from typing import Any

from evolution.answers import answer
from evolution.arms import SkippedRival
from evolution.finalists import Finalist
from evolution.importance import Importance
from evolution.verdict import FinalistRound
from service.cli.verdict_text import verdict_lines
from tests.evolution.builders import architecture, candidate, evaluation
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, first_format, rival, verdict_of


def stored() -> dict[str, Any]:
    scores = {(8,): 0.9, (9,): 0.91, (4, 4): 0.5, (4, 5): 1.0, (): 0.4}
    return verdict_of(
        arm("evolution", 0.95, widths=(9, 5), search_score=0.98),
        arm("logistic_regression", 0.80, widths=()),
        rivals=[rival("svc", 0.97)],
        skipped=[SkippedRival("mlp", "scikit-learn's MLP", "too many rows")],
        finalists=[
            FinalistRound(
                "evolution",
                (
                    Finalist(architecture((9, 5)), 0.98, 0.96, 0.012, 4, 0),
                    Finalist(architecture((3,)), 0.97, None, None, 4, 4),
                ),
            )
        ],
        answers=answer(
            [evaluation(candidate(place, widths), score) for place, (widths, score) in enumerate(scores.items())]
        ),
        importance=Importance(0.4, 0.5, 0.1, 0.6, 64),
    ).to_json()


def test_the_paragraph_comes_first_and_then_the_tables() -> None:
    verdict = stored()
    lines = verdict_lines(verdict)
    text = "\n".join(lines)
    heads = [line.split("  ")[0] for line in lines if line[:3].isupper() and "  " in line]

    assert " ".join(text[: text.index("ON 400")].split()) == " ".join(verdict["paragraph"])
    assert heads == [
        "ON 400 TEST ROWS",
        "EVOLUTION AGAINST",
        "FINALISTS OF",
        "HIDDEN LAYERS",
        "NEURONS IN ALL",
        "LEDGER",
    ]


def test_the_tables_hold_the_numbers() -> None:
    lines = [" ".join(line.split()) for line in verdict_lines(stored())]

    assert "evolution 6-[9 relu, 5 relu]-3 94.5 % 92.4 % to 96.6 % < 0.001 98.0 % -> 96.0 % -> 95.0 %" in lines
    assert "scikit-learn's SVC 96.4 % 94.8 % to 98.0 % < 0.001 97.0 %" in lines
    assert 'always "zero" 30.2 % - - -' in lines
    assert "scikit-learn's MLP was left out: too many rows" in lines
    assert "evolution 6-[3 relu]-3 33 97.0 % diverged" in lines
    assert "evolution 6-[9 relu, 5 relu]-3 131 98.0 % 96.0 % ± 1.2" in lines
    assert "0 1 40.0 % -" in lines
    # An interval of shares ends at 0 and 1.
    assert "2 2 75.0 % 0.0 % to 100.0 %" in lines
    assert "8 to 15 4 82.8 % 47.3 % to 100.0 %" in lines
    assert "evolution: finalists 4 24 0.0 1.5" in lines
    assert "scikit-learn's SVC 5 - - 2.0" in lines


def test_failures_are_told() -> None:
    verdict = stored()
    verdict["arms"][1]["failures"] = 2

    assert "logistic regression: 2 of 5 trainings diverged and count as wrong answers" in verdict_lines(verdict)


def test_a_verdict_of_the_first_format_is_shown() -> None:
    verdict = first_format()
    lines = verdict_lines(verdict)

    assert " ".join(" ".join(lines[: lines.index("", 1)]).split()) == verdict["sentence"]
    assert any(line.startswith("the hand design [100]") for line in lines)
    assert any(line.startswith("LEDGER") for line in lines)
    assert not any(line.startswith("FINALISTS") for line in lines)


def test_of_a_later_format_the_sentence_is_shown() -> None:
    later = {"format": 3, "sentence": "All is \x1b[31m well."}

    assert verdict_lines(later) == ["", "All is  [31m well.", "", "The rest was written by a newer release."]


def test_a_verdict_on_numbers_tells_r2_and_errors() -> None:
    verdict = regression_verdict(
        number_arm("evolution", 40, search_score=0.8),
        number_arm("linear_regression", 60, widths=()),
        rivals=[number_rival("svr", 30)],
    )
    lines = [" ".join(line.split()) for line in verdict_lines(verdict.to_json())]
    main, one = verdict.arms[0], verdict.comparisons[0]

    assert main.rmse is not None
    assert one.rmse is not None
    assert any(line.startswith("ON 200 TEST ROWS NETWORK R² 95 % INTERVAL RMSE P (ABOVE FLOOR)") for line in lines)
    assert any(
        line.startswith(f"evolution 6-[8 relu]-3 {main.test_score:.3f} {main.test_low:.3f} to {main.test_high:.3f} ")
        and f" {main.rmse.value:.2f} " in line
        for line in lines
    )
    assert "EVOLUTION AGAINST R² 95 % INTERVAL RMSE P (HOLM) CONCLUSION" in lines
    interval = f"{one.low:+.3f} to {one.high:+.3f}"
    assert f"linear regression {one.difference:+.3f} {interval} {one.rmse.value:.2f} < 0.001 better" in lines
    assert any(line.startswith("mean of evolution's 5 ") for line in lines)
    assert any(line.startswith('always "149.0" ') for line in lines)
