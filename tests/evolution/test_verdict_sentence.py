from evolution.verdict_sentence import sentence


def say(*findings: tuple[str, str, float, float]) -> str:
    return sentence(
        finder="Evolution", network="256-[9 relu]-10", accuracy=0.9581, examples="test digits", findings=findings
    )


OPENING = "Evolution's network 256-[9 relu]-10 answers 95.8 % of the unseen test digits correctly"


def test_no_difference_is_a_normal_answer() -> None:
    assert say(("A", "no difference shown", 0.004, 0.3), ("B", "no difference shown", -0.0001, 1.0)) == (
        f"{OPENING}: against A and B no difference was shown (+0.4 points, p = 0.30; \N{PLUS-MINUS SIGN}0.0 points, "
        "p = 1.00)."
    )


def test_three_are_listed_with_commas() -> None:
    better = [(name, "better", 0.041, 0.0001) for name in "ABC"]

    assert say(*better) == (
        f"{OPENING}: better than A (+4.1 points, p < 0.001), B (+4.1 points, p < 0.001) and C (+4.1 points, p < 0.001)."
    )


def test_worse_is_said_too() -> None:
    assert say(("A", "worse", -0.01, 0.0312)) == f"{OPENING}: worse than A (\N{MINUS SIGN}1.0 points, p = 0.031)."
