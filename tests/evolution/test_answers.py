from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from evolution.answers import Group, answer, best_group, depth_band, network_scores, neuron_band, simplest_sufficient
from evolution.candidate import Evaluation
from tests.evolution.builders import candidate, evaluation


def trained(number: int, widths: tuple[int, ...], fitness: float | None) -> Evaluation:
    return evaluation(candidate(number, widths), fitness)


def test_bands_are_powers_of_two() -> None:
    assert [neuron_band(neurons) for neurons in (0, 1, 2, 3, 4, 7, 8, 100)] == [
        (0, 0),
        (1, 1),
        (2, 3),
        (2, 3),
        (4, 7),
        (4, 7),
        (8, 15),
        (64, 127),
    ]
    assert depth_band(3) == (3, 3)


def test_a_network_counts_once_with_the_mean_of_its_whole_trainings() -> None:
    rung = replace(candidate(5, (9,)), stop_after=1)
    rows = [
        trained(0, (8,), 0.5),
        trained(1, (8,), 0.7),
        trained(2, (8,), None),
        trained(3, (4, 4), 0.9),
        evaluation(rung, 0.1),
    ]

    scores = network_scores(rows)

    assert [one.widths for one in scores] == [(8,), (4, 4)]
    assert list(scores.values()) == [pytest.approx(0.6), 0.9]


def test_means_and_intervals_are_students_over_networks() -> None:
    one = [0.80, 0.84, 0.82, 0.90]
    two = [0.70, 0.75, 0.71]
    rows = [trained(0, (), 0.6)]
    rows += [trained(1 + place, (4 + place,), score) for place, score in enumerate(one)]
    rows += [trained(9 + place, (4, 4 + place), score) for place, score in enumerate(two)]

    zero, first, second = answer(rows).layers

    assert zero == Group(0, 0, 1, 0.6, None, None, None, None, None, None)
    assert (first.least, first.networks) == (1, 4)
    assert first.mean == pytest.approx(np.mean(one))
    expected = scipy.stats.t.interval(0.95, 3, np.mean(one), scipy.stats.sem(one))
    assert (first.low, first.high) == pytest.approx(expected)
    assert (first.behind, first.behind_low, first.behind_high, first.adjusted_p_value) == (None,) * 4
    # One comparison only, so Holm changes nothing.
    test = scipy.stats.ttest_ind(one, two, equal_var=False)
    assert second.adjusted_p_value == pytest.approx(test.pvalue)
    assert second.behind == pytest.approx(np.mean(one) - np.mean(two))
    assert (second.behind_low, second.behind_high) == pytest.approx(tuple(test.confidence_interval()))


def test_neurons_are_those_of_all_hidden_layers() -> None:
    groups = answer([trained(0, (8, 8), 0.5), trained(1, (20,), 0.6), trained(2, (3,), 0.4)]).neurons

    assert [(group.least, group.most, group.networks) for group in groups] == [(2, 3, 1), (16, 31, 2)]


def group(least: int, mean: float, networks: int = 5, behind_high: float | None = None) -> Group:
    return Group(least, least, networks, mean, None, None, None, None, behind_high, None)


def test_the_simplest_that_is_shown_to_be_close_is_enough() -> None:
    groups = [group(0, 0.99, 1), group(1, 0.905, behind_high=0.03), group(2, 0.905, behind_high=0.009), group(3, 0.91)]

    assert best_group(groups) == groups[3]
    # The same mean for both: what counts is how far behind they may be. The one that stands alone has no say.
    assert simplest_sufficient(groups) == groups[2]
    assert simplest_sufficient([groups[1], groups[3]]) == groups[3]


def test_without_two_networks_alike_there_is_no_answer() -> None:
    assert best_group([group(1, 0.9, 1)]) is None
    assert simplest_sufficient([group(1, 0.9, 1)]) is None
    assert answer([]).layers == ()
