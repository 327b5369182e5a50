from dataclasses import replace

import numpy as np

from evolution.candidate import Evaluation
from evolution.recommendation import pareto_standings, standings
from evolution.space import SearchSpace
from tests.evolution.builders import architecture, candidate, evaluation

SPACE = SearchSpace((6,), 3)


def noisy(count: int, seed: int) -> list[Evaluation]:
    """Networks whose true score rises with their width up to 0.9, each trained once with as much noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        units = int(rng.integers(4, 257))
        score = 0.5 + 0.4 * np.log(units / 4) / np.log(64) + 0.1 * rng.standard_normal()
        rows.append(evaluation(candidate(number, (units,)), float(score)))
    return rows


def test_the_recommended_network_is_better_than_the_luckiest() -> None:
    widths: dict[str, list[int]] = {"believed": [], "luckiest": []}
    claims = []
    for seed in range(20):
        rows = noisy(60, seed)
        leader = standings(rows, SPACE)[0]
        luckiest = max(rows, key=lambda row: row.fitness or 0.0)
        widths["believed"].append(leader.architecture.widths[0])
        widths["luckiest"].append(luckiest.candidate.architecture.widths[0])
        claims.append((leader.mean, luckiest.fitness or 0.0))
    means = np.array(claims).mean(axis=0)

    assert np.log(widths["believed"]).mean() > np.log(widths["luckiest"]).mean()
    # What is claimed is near the best true score, 0.9; the luckiest score overstates it by about two deviations.
    assert abs(means[0] - 0.9) < 0.05
    assert means[1] > 1.0


def test_trainings_of_one_network_are_one_standing() -> None:
    first, again = candidate(0, (8,)), replace(candidate(1, (8,), (0,)), operator="repeat")
    rows = [evaluation(first, 0.5), evaluation(again, 0.7), evaluation(candidate(2, (16,)), None)]
    (only,) = standings(rows, SPACE)

    assert only.architecture == architecture((8,))
    assert (only.trainings, only.number) == (2, 0)
    assert abs(only.mean - 0.6) < 0.01


def test_without_a_score_there_is_no_standing() -> None:
    assert standings([], SPACE) == ()
    assert standings([evaluation(candidate(), None)], SPACE) == ()


def test_of_equals_the_smaller_network_stands_first() -> None:
    rows = [evaluation(candidate(number, (units,)), 0.5) for number, units in enumerate((64, 8, 32))]

    assert [one.architecture.widths for one in standings(rows, SPACE)] == [(8,), (32,), (64,)]


def test_a_larger_network_is_on_the_front_only_with_a_higher_mean() -> None:
    scores = {(4,): 0.6, (8,): 0.8, (16,): 0.7, (32,): 0.9}
    rows = [evaluation(candidate(number, widths), scores[widths]) for number, widths in enumerate([*scores] * 4)]
    reported = pareto_standings(rows, SPACE, "parameters")

    assert [one.architecture.widths for one in reported] == [(4,), (8,), (32,)]
    assert [one.trainings for one in reported] == [4, 4, 4]


def test_where_most_networks_are_perfect_the_others_are_still_worse() -> None:
    scores = {(4,): 0.62, (8,): 0.64, (16,): 0.8, **{(units,): 1.0 for units in range(32, 60)}}
    rows = [evaluation(candidate(number, widths), score) for number, (widths, score) in enumerate(scores.items())]
    ranked = standings(rows, SPACE)

    assert ranked[0].architecture.widths[0] >= 32
    assert [one.architecture.widths for one in ranked[-2:]] in ([(4,), (8,)], [(8,), (4,)])
    assert ranked[-1].mean < 0.97
