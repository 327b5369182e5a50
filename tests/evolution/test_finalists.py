from dataclasses import replace

import pytest

from core.architecture import Architecture
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidVerdict
from evolution.finalists import (
    Finalist,
    choose_finalists,
    finalist_arms,
    rank_finalists,
    smallest_within_one_standard_error,
)
from evolution.recipe import Recipe, recipe_of
from evolution.recommendation import Standing
from evolution.retraining import Arm
from tests.evolution.builders import TRAINING, architecture, evaluation


def standing(widths: tuple[int, ...], mean: float = 0.9) -> Standing:
    return Standing(architecture(widths), TRAINING, mean, 0.0, 1, 0)


def trainings(
    widths: tuple[int, ...], *scores: float | None, recipe: Recipe | None = None
) -> tuple[Arm, list[Evaluation]]:
    rows = [
        evaluation(Candidate(seed, (), "finalist", seed, architecture(widths), TRAINING), score)
        for seed, score in enumerate(scores)
    ]
    return Arm("finalist 1", architecture(widths), recipe), rows


def test_where_recipes_were_searched_each_finalist_keeps_its_own() -> None:
    slow, fast = replace(TRAINING, learning_rate=0.001), replace(TRAINING, learning_rate=0.02)
    leaders = [replace(standing((8,)), training=slow), replace(standing((8,)), training=fast)]
    arms = finalist_arms(leaders, recipes=True)

    assert [arm.recipe for arm in arms] == [recipe_of(slow), recipe_of(fast)]
    assert [arm.recipe for arm in finalist_arms(leaders)] == [None]
    groups = [trainings((8,), 0.7, recipe=arms[0].recipe), trainings((8,), 0.9, recipe=arms[1].recipe)]
    ranked = rank_finalists(leaders, groups, recipes=True)

    assert [(one.mean, one.recipe) for one in ranked] == [(0.9, recipe_of(fast)), (0.7, recipe_of(slow))]


def test_the_last_finalist_is_the_smallest_that_may_be_the_best() -> None:
    ranked = [
        *(replace(standing((40 - place,), 0.9 - place / 1000), deviation=0.02) for place in range(8)),
        replace(standing((5,), 0.885), deviation=0.02),
        replace(standing((3,), 0.85), deviation=0.02),
    ]

    assert [one.architecture.widths for one in choose_finalists(ranked, 5)] == [(40,), (39,), (38,), (37,), (5,)]
    assert choose_finalists(ranked, 1) == (ranked[0],)
    assert choose_finalists(ranked[:4], 5) == tuple(ranked[:4])
    certain = [replace(one, deviation=0.0001) for one in ranked]

    assert choose_finalists(certain, 5) == tuple(certain[:5])


def test_a_network_that_two_searches_found_is_trained_once() -> None:
    arms = finalist_arms([standing((8,)), standing((9,))], [standing((9,)), standing(())])

    assert [(arm.name, arm.architecture.widths) for arm in arms] == [
        ("finalist 1", (8,)),
        ("finalist 2", (9,)),
        ("finalist 3", ()),
    ]


def test_the_best_mean_on_fresh_seeds_wins_whatever_the_search_said() -> None:
    groups = [trainings((8,), 0.80, 0.82), trainings((9,), 0.85, 0.87), trainings((5,), 0.1, 0.1)]

    first, second = rank_finalists([standing((8,), 0.99), standing((9,), 0.5)], groups)

    assert (first.architecture.widths, first.search_score, first.seeds, first.failures) == ((9,), 0.5, 2, 0)
    assert first.mean == pytest.approx(0.86)
    # s / sqrt(n) by hand: values 0.01 from their mean on both sides, s^2 = 2 * 0.0001 / 1.
    assert first.standard_error == pytest.approx(0.01)
    assert second.mean == pytest.approx(0.81)


def test_a_network_that_diverges_comes_after_those_that_do_not() -> None:
    groups = [trainings((8,), 0.99, None), trainings((9,), 0.5, 0.5), trainings((7,), None, None)]

    ranked = rank_finalists([standing((7,)), standing((8,)), standing((9,))], groups)

    assert [one.architecture.widths for one in ranked] == [(9,), (8,), (7,)]
    assert (ranked[1].mean, ranked[1].standard_error, ranked[1].failures) == (0.99, None, 1)
    assert (ranked[2].mean, ranked[2].failures) == (None, 2)


def test_a_finalist_that_was_not_trained_is_a_mistake() -> None:
    with pytest.raises(InvalidVerdict, match="was not trained"):
        rank_finalists([standing((8,))], [trainings((9,), 0.5)])


def finalist(widths: tuple[int, ...], mean: float, error: float | None = 0.01, failures: int = 0) -> Finalist:
    network: Architecture = architecture(widths)
    return Finalist(network, 0.9, mean, error, 4, failures)


def test_the_smallest_within_one_standard_error_of_the_winner() -> None:
    ranked = [finalist((40,), 0.90), finalist((20,), 0.895), finalist((10,), 0.891), finalist((5,), 0.889)]

    assert smallest_within_one_standard_error(ranked) == ranked[2]


def test_the_winner_itself_where_nothing_smaller_is_as_good() -> None:
    ranked = [finalist((10,), 0.90), finalist((20,), 0.899), finalist((5,), 0.8)]

    assert smallest_within_one_standard_error(ranked) == ranked[0]
    unknown = [finalist((10,), 0.90, None), finalist((5,), 0.90)]
    assert smallest_within_one_standard_error(unknown) == unknown[0]


def test_a_small_network_that_diverged_is_passed_over() -> None:
    ranked = [finalist((40,), 0.90), finalist((5,), 0.90, failures=1)]

    assert smallest_within_one_standard_error(ranked) == ranked[0]
