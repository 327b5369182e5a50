import math
from collections import Counter

import pytest

from core.architecture import Architecture
from evolution.anchors import anchors
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch
from evolution.evolutionary_search import EvolutionarySearch
from evolution.mutation import MUTATIONS
from evolution.random_search import RandomSearch
from evolution.search import Budget
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, evaluation
from tests.evolution.drivers import drive

WIDE = SearchSpace((6,), 3)


def make(
    space: SearchSpace = WIDE, evaluations: int = 200, parallelism: int = 4, seed: int = 1, population: int = 20
) -> EvolutionarySearch:
    budget = Budget(evaluations=evaluations)
    return EvolutionarySearch(
        space, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget, population=population
    )


def distance(one: Architecture) -> float:
    """A landscape with one top: three tanh layers of 150, 20 and 70; widths count as ratios."""
    gap = sum(abs(math.log2(units / wanted)) for units, wanted in zip(one.widths, (150, 20, 70), strict=False))
    return -(gap + 2 * abs(one.depth - 3) + (one.layers[:1] != () and one.activations[0] != "tanh"))


def landscape(candidate: Candidate) -> Evaluation:
    return evaluation(candidate, distance(candidate.architecture))


def test_anchors_come_first_then_random_networks() -> None:
    operators = [row.candidate.operator for row in drive(make(evaluations=20))]

    assert operators == ["anchor"] * len(anchors(WIDE)) + ["random"] * (20 - len(anchors(WIDE)))


def test_a_population_smaller_than_the_anchors_takes_the_first() -> None:
    rows = drive(make(evaluations=6, population=3, parallelism=1))

    assert [row.candidate.operator for row in rows[:3]] == ["anchor"] * 3
    assert all(row.candidate.operator != "anchor" for row in rows[3:])


def test_offspring_says_who_its_parents_are_and_what_was_done() -> None:
    rows = drive(make(evaluations=600), landscape)
    offspring = [row.candidate for row in rows if row.candidate.parents]
    operators = Counter(part for one in offspring for part in one.operator.split("+"))
    random_share = sum(row.candidate.operator == "random" for row in rows[20:]) / len(rows[20:])

    assert set(operators) == {*MUTATIONS, "crossover"}
    assert all((len(one.parents) == 2) == one.operator.startswith("crossover") for one in offspring)
    assert 0.04 < random_share < 0.18
    assert 0.12 < operators["crossover"] / len(offspring) < 0.3


def test_parents_were_visible_and_had_a_fitness() -> None:
    """Failed networks never become parents, and on one virtual worker everything before is visible."""
    rows = drive(make(parallelism=1), lambda one: evaluation(one, None if one.number % 3 == 0 else 0.5))
    failed = {row.candidate.number for row in rows if row.error is not None}
    parents = {parent for row in rows for parent in row.candidate.parents}

    assert parents
    assert not parents & failed


@pytest.mark.parametrize("parallelism", [1, 8, 32])
def test_it_finds_what_random_search_does_not(parallelism: int) -> None:
    bests, rivals = [], []
    for seed in range(3):
        rows = drive(make(evaluations=150, parallelism=parallelism, seed=seed), landscape)
        bests.append(max(row.fitness for row in rows if row.fitness is not None))
        budget = Budget(evaluations=150)
        rival = RandomSearch(WIDE, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget)
        rivals.append(max(row.fitness for row in drive(rival, landscape) if row.fitness is not None))

    assert sum(bests) / 3 > sum(rivals) / 3 + 0.5


def test_more_virtual_workers_than_evaluations_is_a_random_search_after_the_anchors() -> None:
    rows = drive(make(evaluations=30, parallelism=100))

    assert {row.candidate.operator for row in rows} == {"anchor", "random"}


def test_a_tight_limit_on_parameters_never_stops_it() -> None:
    space = SearchSpace((6,), 3, max_units=200, max_parameters=400)
    rows = drive(make(space=space), landscape)

    assert len(rows) == 200
    assert all(row.candidate.architecture.parameter_count <= 400 for row in rows)


def test_widths_are_any_whole_number() -> None:
    widths = {units for row in drive(make()) for units in row.candidate.architecture.widths}

    assert len([units for units in widths if units & (units - 1)]) > 20


def test_the_budget_does_not_influence_what_is_proposed() -> None:
    assert drive(make(evaluations=100))[:50] == drive(make(evaluations=50))


@pytest.mark.parametrize("change", ["population", "tournament"])
def test_settings_that_cannot_be_followed_are_refused(change: str) -> None:
    with pytest.raises(InvalidSearch, match=change):
        EvolutionarySearch(SPACE, TRAINING, rows=9, seed=0, parallelism=1, budget=Budget(evaluations=1), **{change: 0})
