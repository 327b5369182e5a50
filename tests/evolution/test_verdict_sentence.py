from dataclasses import replace
from typing import Any

import pytest

from evolution.arms import ArmResult
from evolution.metric_words import words_of
from evolution.verdict import Conclusion, Verdict
from evolution.verdict_sentence import (
    curse_sentence,
    liked_best_sentence,
    nothing_learned_sentence,
    others_sentence,
    paragraph,
    result_sentence,
    search_sentence,
    smaller_sentence,
    structure_sentence,
    what_nothing_means_sentence,
)
from tests.evolution.regressions import constant, number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, guessing, rival, verdict_of


def arms() -> list[ArmResult]:
    return [
        arm("evolution", 0.95, widths=(9, 5), search_score=0.98),
        arm("random_search", 0.95, widths=(7,), search_score=0.97),
        arm("logistic_regression", 0.80, widths=()),
        arm("hand_100", 0.95),
        arm("hand_128_64", 0.95, widths=(8, 6)),
    ]


def verdict(*others: ArmResult, **more: Any) -> Verdict:
    return verdict_of(*arms(), *others, **more)


def concluded(verdict: Verdict, **conclusions: tuple[Conclusion, float, float]) -> Verdict:
    """The verdict with other conclusions: name=(conclusion, difference, adjusted p-value)."""
    changed = [
        replace(
            one, conclusion=new[0], difference=new[1], adjusted_p_value=new[2], low=new[1] - 0.02, high=new[1] + 0.02
        )
        if (new := conclusions.get(one.rival))
        else one
        for one in verdict.comparisons
    ]
    return replace(verdict, comparisons=tuple(changed))


def test_the_result() -> None:
    assert result_sentence(verdict()) == (
        "Evolution's network 6-[9 relu, 5 relu]-3 answers 94.5 % of the 400 unseen test digits correctly; always "
        'answering "zero" is right for 30.2 %.'
    )


def test_the_result_names_whoever_found_the_network() -> None:
    found = verdict_of(arm("random_search", 0.9), evolved="random_search")

    assert result_sentence(found).startswith("Random search's network 6-[8 relu]-3 answers")


def test_a_network_that_alone_learned_nothing_is_called_so() -> None:
    found = result_sentence(verdict_of(guessing("evolution"), arm("hand_100", 0.9), arm("hand_128_64", 0.9)))

    assert "learned nothing that could be shown" in found
    assert "which only the hand design [100] and the hand design [128, 64] are shown to exceed" in found


ALL_ALIKE: dict[str, tuple[Conclusion, float, float]] = {
    "logistic_regression": ("no difference shown", 0.01, 0.6),
    "hand_100": ("no difference shown", -0.015, 0.5),
    "hand_128_64": ("no difference shown", 0.0, 1.0),
}


def test_structure_that_makes_no_difference() -> None:
    assert structure_sentence(concluded(verdict(), **ALL_ALIKE)) == (
        "On these data structure makes no difference that could be shown: logistic regression, the hand design [100] "
        "and the hand design [128, 64] are not shown to be worse or better (differences of up to 3.5 points are still "
        "possible)."
    )


def test_hidden_layers_that_pay_whichever_they_are() -> None:
    changed = concluded(verdict(), **ALL_ALIKE | {"logistic_regression": ("better", 0.041, 0.0001)})

    assert structure_sentence(changed) == (
        "Hidden layers pay, but which ones they are makes no difference that could be shown: it is better than "
        "logistic regression (+4.1 points, p < 0.001); against the hand design [100] and the hand design [128, 64] no "
        "difference was shown (differences of up to 3.5 points are still possible)."
    )


def test_a_network_that_is_itself_a_design() -> None:
    found = verdict_of(
        arm("evolution", 0.9, widths=()), arm("logistic_regression", 0.9, widths=()), arm("hand_100", 0.9)
    )
    changed = concluded(found, hand_100=("no difference shown", 0.0, 1.0))
    better = concluded(found, hand_100=("better", 0.02, 0.001))
    alone = verdict_of(arm("evolution", 0.9, widths=()), arm("logistic_regression", 0.9, widths=()))

    assert structure_sentence(changed) == (
        "On these data structure makes no difference that could be shown: the network found is logistic regression "
        "itself, and the hand design [100] is not shown to be worse or better (differences of up to 2.0 points are "
        "still possible)."
    )
    assert structure_sentence(better) == (
        "Structure matters here: the network found is logistic regression itself, and it is better than the hand "
        "design [100] (+2.0 points, p = 0.001)."
    )
    assert structure_sentence(alone) == (
        "The network found is logistic regression itself, and there is no other design to compare it with."
    )


@pytest.mark.parametrize(
    ("conclusions", "opening"),
    [
        (("better", "better", "better"), "Structure matters here: it is better than logistic regression ("),
        (("better", "better", "no difference shown"), "Structure matters here in part: it is better than"),
        (("no difference shown", "better", "no difference shown"), "Structure matters here in part: it is better than"),
        (("better", "worse", "better"), "A design that needs no search does better: it is better than"),
        (("worse", "worse", "worse"), "A design that needs no search does better: it is worse than"),
    ],
)
def test_how_structure_matters(conclusions: tuple[Conclusion, ...], opening: str) -> None:
    names = ("logistic_regression", "hand_100", "hand_128_64")
    changed = concluded(verdict(), **{name: (one, 0.02, 0.01) for name, one in zip(names, conclusions, strict=True)})

    found = structure_sentence(changed)

    assert found is not None
    assert found.startswith(opening)


@pytest.mark.parametrize(
    ("conclusion", "told"),
    [
        ("better", "evolution's network is better (+2.0 points, p = 0.031)."),
        ("worse", "evolution's network is worse (+2.0 points, p = 0.031)."),
        ("no difference shown", "no difference between the two searches was shown (+2.0 points, p = 0.031)."),
    ],
)
def test_whether_evolution_was_worth_it(conclusion: Conclusion, told: str) -> None:
    found = search_sentence(concluded(verdict(), random_search=(conclusion, 0.02, 0.0312)))

    assert found == f"Random search with as many epochs found 6-[7 relu]-3, which answers 94.5 %: {told}"


def test_random_search_may_find_the_same_network() -> None:
    found = verdict_of(arm("evolution", 0.9), arm("random_search", 0.9))

    assert search_sentence(found) == "Random search with as many epochs found the same network."


def test_what_else_could_have_been_used() -> None:
    found = verdict(rivals=[rival("mlp", 0.5), rival("random_forest", 0.95), rival("svc", 0.999)])

    assert others_sentence(found) == (
        "What else you could have used, with default settings: scikit-learn's SVC (99.3 %) beats every network; "
        "scikit-learn's MLP is worse; scikit-learn's random forest is not shown to differ from it."
    )
    better = concluded(found, random_forest=("worse", -0.02, 0.01), mlp=("worse", -0.01, 0.02))
    assert others_sentence(better) == (
        "What else you could have used, with default settings: scikit-learn's SVC (99.3 %) beats every network; "
        "scikit-learn's MLP and scikit-learn's random forest are better than the network found."
    )


def test_the_winners_curse() -> None:
    main = arms()[0]
    found = verdict()

    assert main.search_score == 0.98
    assert curse_sentence(found.arms[0], 16) == (
        "The search had scored this network 98.0 % on its validation rows; five fresh trainings of 16 epochs reach "
        "95.0 % there."
    )
    assert curse_sentence(found.arms[2], 16) is None
    assert curse_sentence(replace(found.arms[0], failures=3), 16) == (
        "The search had scored this network 98.0 % on its validation rows; two fresh trainings of 16 epochs reach "
        "95.0 % there, and three others failed, which counts as a wrong answer to every test row."
    )


def test_the_smaller_network() -> None:
    found = verdict(arm("smallest", 0.94, widths=(2,)))
    changed = concluded(found, smallest=("no difference shown", 0.01, 0.2))

    assert smaller_sentence(changed) == (
        "A smaller network came within one standard error of it before the test rows were opened: 6-[2 relu]-3, with "
        "23 parameters instead of 131, answers 93.5 %, and no difference was shown (\N{MINUS SIGN}1.0 points, "
        "p = 0.20)."
    )
    assert smaller_sentence(verdict()) is None


def nothing(*rivals: Any) -> Verdict:
    return verdict_of(guessing("evolution", search_score=0.45), guessing("hand_100"), rivals=rivals)


def test_nothing_was_learned() -> None:
    found = nothing(replace(rival("svc", 0.9), predictions=guessing("hand_128_64").predictions))

    assert nothing_learned_sentence(found) == (
        "Nothing was learned: no network and no other method is shown to answer more of the 400 unseen test digits "
        'correctly than the most frequent answer would, for always answering "zero" is right for 30.2 %.'
    )
    assert what_nothing_means_sentence(found) == (
        "So either these inputs do not tell the answer, or it takes more rows or longer training to show it; no "
        "structure can be advised."
    )
    assert found.paragraph[0] == found.sentence == nothing_learned_sentence(found)
    assert 3 <= len(found.paragraph) <= 6
    assert "better" not in " ".join(found.paragraph)


def test_only_another_method_learned() -> None:
    found = nothing(rival("svc", 0.9))

    assert "The networks learned nothing: no network is shown" in found.sentence
    assert found.sentence.endswith("; only scikit-learn's SVC is shown to exceed that.")
    assert any("%) beats every network" in one for one in found.paragraph)
    assert "these networks, or the way they were trained, do not suit these data" in found.paragraph[-1]


def test_what_the_search_liked_best_is_told_with_its_accuracy() -> None:
    assert liked_best_sentence(verdict().arms[0]) == (
        "The network that the search liked best, 6-[9 relu, 5 relu]-3, answers 94.5 % correctly."
    )


def test_the_paragraph_has_three_to_six_sentences() -> None:
    small = verdict_of(arm("random_search", 0.9, search_score=0.9), arms()[2], evolved="random_search")
    large = verdict(arm("smallest", 0.94, widths=(2,)), arm("usual_design", 0.9), rivals=[rival("svc", 0.9)])

    assert len(paragraph(small)) == 3
    assert len(paragraph(large)) == 6
    assert all(sentence.endswith(".") for sentence in paragraph(large))
    assert paragraph(large) == large.paragraph


def numbers() -> Verdict:
    return regression_verdict(
        number_arm("evolution", 40, widths=(9, 5), search_score=0.81),
        number_arm("random_search", 40.5, widths=(7,), search_score=0.8),
        number_arm("linear_regression", 60, widths=()),
        number_arm("hand_100", 40.2),
        rivals=[number_rival("svr", 20), number_rival("mlp", 50)],
    )


def test_a_regression_is_told_in_r2_and_in_the_units_of_its_target() -> None:
    found = numbers()
    main, floor = found.arms[0], found.floor

    assert main.rmse is not None
    assert floor is not None
    assert floor.rmse is not None
    assert found.sentence == (
        f"Evolution's network 6-[9 relu, 5 relu]-3 predicts progression for the 200 unseen test patients with an R² of "
        f"{main.test_score:.3f} and a root mean squared error of {main.rmse.value:.2f}, in the target's units; always "
        f"predicting the mean of the training rows, 149.0, errs by {floor.rmse:.2f}."
    )
    text = " ".join(found.paragraph)
    assert "better than linear regression (+" in text
    assert "in R², p" in text
    assert "scikit-learn's SVR (0." in text
    assert "which reaches an R² of 0.7" in text
    assert "had scored this network an R² of 0.810 on its validation rows; five fresh trainings" in text
    for word in ("accuracy", "%", "correctly", "points", "logistic", "answers"):
        assert word not in text


def test_a_failed_training_of_a_regression_counts_as_the_mean() -> None:
    assert "failed, which counts as predicting the mean of the training rows" in (
        curse_sentence(replace(numbers().arms[0], failures=1), 16, words_of("r2")) or ""
    )


def test_where_a_regression_learned_nothing() -> None:
    found = regression_verdict(constant(number_arm("evolution", 40)), rivals=[number_rival("svr", 30)])

    assert found.sentence.startswith(
        "The networks learned nothing: no network is shown to predict progression for the 200 unseen test patients "
        "better than the mean of the training rows would, for always predicting the mean of the training rows, 149.0, "
    )
    assert found.sentence.endswith("; only scikit-learn's SVR is shown to exceed that.")


def test_balanced_accuracy_is_named() -> None:
    found = verdict_of(arm("evolution", 0.9, search_score=0.95), arm("hand_100", 0.8), metric="balanced_accuracy")
    nothing = verdict_of(guessing("evolution"), metric="balanced_accuracy")

    assert found.sentence.startswith("Evolution's network 6-[8 relu]-3 reaches a balanced accuracy of ")
    assert found.sentence.endswith('on the 400 unseen test digits; always answering "zero" reaches 33.3 %.')
    assert "had scored this network a balanced accuracy of 95.0 %" in " ".join(found.paragraph)
    assert "reach a higher balanced accuracy on the 400 unseen test digits than any constant answer" in nothing.sentence
