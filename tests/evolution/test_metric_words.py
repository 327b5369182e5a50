import pytest

from evolution.metric_words import MINUS, quantity, words_of


def test_shares_are_told_in_percent_and_r2_as_a_number() -> None:
    accuracy, balanced, r2 = words_of("accuracy"), words_of("balanced_accuracy"), words_of("r2")

    assert [words.number(0.4712) for words in (accuracy, balanced, r2)] == ["47.1 %", "47.1 %", "0.471"]
    assert [words.reached(0.4712) for words in (accuracy, balanced, r2)] == [
        "answers 47.1 %",
        "reaches a balanced accuracy of 47.1 %",
        "reaches an R² of 0.471",
    ]
    assert [words.difference(-0.0123) for words in (accuracy, balanced, r2)] == [
        f"{MINUS}1.2 points",
        f"{MINUS}1.2 points",
        f"{MINUS}0.012 in R²",
    ]
    assert r2.difference(0.00001) == "±0.000 in R²"
    assert r2.number(-0.00001) == "0.000"
    assert r2.number(-1234.5) == f"{MINUS}1,234.500"
    assert r2.up_to(0.0349) == "differences of up to 0.035 in R²"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (61.8412, "61.84"),
        (0.0, "0.000"),
        (-0.47432, f"{MINUS}0.4743"),
        (152133.4841, "152,133"),
        (0.00021, "0.0002100"),
        (1.5e-9, f"1.500e{MINUS}09"),
        (2.5e20, "2.500e+20"),
    ],
)
def test_errors_are_told_with_four_digits(value: float, text: str) -> None:
    assert quantity(value) == text
