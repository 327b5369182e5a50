from dataclasses import replace

import pytest

from evolution.recommendation import standings
from tests.evolution.builders import SPACE, candidate, evaluation


def test_the_best_mean_comes_first_and_each_network_once() -> None:
    rung = replace(candidate(4, (5,)), stop_after=1)
    rows = [
        evaluation(candidate(0, (8,)), 0.9),
        evaluation(candidate(1, (9,)), 0.8),
        evaluation(candidate(2, (8,)), 0.6),
        evaluation(candidate(3, (9,)), None),
        evaluation(rung, 1.0),
    ]

    first, second = standings(rows, SPACE)

    assert (first.architecture.widths, first.mean, first.trainings, first.number) == ((9,), 0.8, 1, 1)
    assert (second.architecture.widths, second.trainings, second.number) == ((8,), 2, 0)
    assert second.mean == pytest.approx(0.75)


def test_ties_go_to_the_smaller_network_and_then_to_the_earlier() -> None:
    rows = [evaluation(candidate(number, widths), 0.5) for number, widths in enumerate([(9,), (8,), (8, 2)])]

    assert [one.architecture.widths for one in standings(rows, SPACE)] == [(8,), (8, 2), (9,)]


def test_nothing_that_was_trained_is_recommended() -> None:
    assert standings([evaluation(candidate(0), None)], SPACE) == ()
