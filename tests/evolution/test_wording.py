from evolution.wording import capital, chance, counted, listed, percent, points


def test_differences_have_a_sign() -> None:
    assert points(0.041) == "+4.1 points"
    assert points(-0.01) == "\N{MINUS SIGN}1.0 points"
    assert points(-0.0001) == "\N{PLUS-MINUS SIGN}0.0 points"


def test_p_values_are_as_precise_as_they_need_to_be() -> None:
    assert [chance(p) for p in (0.0001, 0.0312, 0.3, 1.0)] == ["p < 0.001", "p = 0.031", "p = 0.30", "p = 1.00"]


def test_lists_numbers_and_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert [counted(number, "epoch") for number in (1, 2, 13)] == ["one epoch", "two epochs", "13 epochs"]
    assert percent(0.9581) == "95.8 %"
    assert capital("one layer") == "One layer"
