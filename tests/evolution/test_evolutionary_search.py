import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from core.architecture import Architecture
from evolution.anchors import anchors
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch
from evolution.evolutionary_search import FIRST_CANDIDATES, EvolutionarySearch
from evolution.mutation import MUTATIONS
from evolution.random_search import RandomSearch
from evolution.search import Budget
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, evaluation
from tests.evolution.drivers import drive

WIDE = SearchSpace((6,), 3)


def make(
    space: SearchSpace = WIDE, evaluations: int = 100, parallelism: int = 4, seed: int = 1, **more: Any
) -> EvolutionarySearch:
    budget = Budget(evaluations=evaluations)
    return EvolutionarySearch(space, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget, **more)


def distance(one: Architecture) -> float:
    """A landscape with one top: three tanh layers of 150, 20 and 70; widths count as ratios."""
    gap = sum(abs(math.log2(units / wanted)) for units, wanted in zip(one.widths, (150, 20, 70), strict=False))
    return -(gap + 2 * abs(one.depth - 3) + (one.layers[:1] != () and one.activations[0] != "tanh"))


def landscape(candidate: Candidate) -> Evaluation:
    return evaluation(candidate, distance(candidate.architecture))


def test_anchors_come_first_then_offspring_and_repeats() -> None:
    operators = [row.candidate.operator for row in drive(make(evaluations=40, parallelism=1), landscape)]
    count = len(anchors(WIDE))

    assert operators[:count] == ["anchor"] * count
    assert "anchor" not in operators[count:]
    assert [number for number, name in enumerate(operators) if name == "repeat"] == [20, 24, 28, 32, 36]


def test_random_networks_make_up_for_missing_anchors() -> None:
    few = SearchSpace((6,), 3, max_units=40)
    operators = [row.candidate.operator for row in drive(make(space=few, evaluations=9, parallelism=1))]

    assert len(anchors(few)) < FIRST_CANDIDATES
    assert operators[:FIRST_CANDIDATES] == ["anchor"] * len(anchors(few)) + ["random"] * (
        FIRST_CANDIDATES - len(anchors(few))
    )


def test_what_was_believed_is_kept_with_every_candidate_that_it_chose() -> None:
    rows = drive(make(evaluations=60, parallelism=1), landscape)
    chosen = [row for row in rows if row.candidate.operator != "anchor"]
    predictions = [row.candidate.prediction for row in chosen]
    scores = [row.fitness for row in chosen]
    believed = [one.mean for one in predictions if one is not None]

    assert len(believed) == len(scores)
    assert all(one is not None and one.improvement > 0 for one in predictions[:5])
    # What was believed agrees with what came of it, though scores far below the median are believed to be less bad.
    assert np.corrcoef(np.array(believed), np.maximum(np.array(scores, float), -8.0))[0, 1] > 0.6


def test_repeats_train_leaders_with_fresh_seeds() -> None:
    rows = drive(make(evaluations=80, parallelism=1), landscape)
    repeats = [row.candidate for row in rows if row.candidate.operator == "repeat"]
    by_number = {row.candidate.number: row.candidate for row in rows}
    best = sorted((row.fitness or -99.0 for row in rows), reverse=True)[12]

    assert len(repeats) == 15
    for one in repeats:
        (first,) = one.parents
        assert by_number[first].architecture == one.architecture
        assert by_number[first].seed != one.seed
        assert distance(one.architecture) >= min(best, -3)


def test_parts_can_be_switched_off() -> None:
    plain = drive(make(evaluations=60, repeat_every=None, with_anchors=False, offspring=1), landscape)
    operators = [row.candidate.operator for row in plain]

    assert operators[:FIRST_CANDIDATES] == ["random"] * FIRST_CANDIDATES
    assert "repeat" not in operators


@pytest.mark.slow
def test_offspring_says_who_its_parents_are_and_what_was_done() -> None:
    rows = drive(make(evaluations=250, offspring=2), landscape)
    offspring = [row.candidate for row in rows if row.candidate.parents and row.candidate.operator != "repeat"]
    operators = Counter(part for one in offspring for part in one.operator.split("+"))

    assert set(operators) == {*MUTATIONS, "crossover"}
    assert all((len(one.parents) == 2) == one.operator.startswith("crossover") for one in offspring)
    assert 0.1 < operators["crossover"] / len(offspring) < 0.3


def test_parents_were_visible_and_had_a_fitness() -> None:
    """Failed networks never become parents, and on one virtual worker everything before is visible."""
    rows = drive(make(parallelism=1), lambda one: evaluation(one, None if one.number % 3 == 0 else 0.5))
    failed = {row.candidate.number for row in rows if row.error is not None}
    parents = {parent for row in rows for parent in row.candidate.parents}

    assert parents
    assert not parents & failed


@pytest.mark.slow
@pytest.mark.parametrize("parallelism", [1, 8, 16])
def test_it_finds_what_random_search_does_not(parallelism: int) -> None:
    bests, rivals = [], []
    for seed in range(3):
        rows = drive(make(evaluations=60, parallelism=parallelism, seed=seed), landscape)
        bests.append(max(row.fitness for row in rows if row.fitness is not None))
        budget = Budget(evaluations=60)
        rival = RandomSearch(WIDE, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget)
        rivals.append(max(row.fitness for row in drive(rival, landscape) if row.fitness is not None))

    assert sum(bests) / 3 > sum(rivals) / 3 + 0.5


def test_more_virtual_workers_than_evaluations_is_a_random_search_after_the_anchors() -> None:
    rows = drive(make(evaluations=30, parallelism=100))

    assert {row.candidate.operator for row in rows} == {"anchor", "random"}


@pytest.mark.slow
def test_a_tight_limit_on_parameters_never_stops_it() -> None:
    space = SearchSpace((6,), 3, max_units=200, max_parameters=400)
    rows = drive(make(space=space), landscape)

    assert len(rows) == 100
    assert all(row.candidate.architecture.parameter_count <= 400 for row in rows)


def test_widths_are_any_whole_number() -> None:
    widths = {units for row in drive(make()) for units in row.candidate.architecture.widths}

    assert len([units for units in widths if units & (units - 1)]) > 20


def test_the_budget_does_not_influence_what_is_proposed() -> None:
    assert drive(make(evaluations=60))[:40] == drive(make(evaluations=40))


@pytest.mark.parametrize("change", [{"offspring": 0}, {"repeat_every": 1}])
def test_settings_that_cannot_be_followed_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(InvalidSearch, match=next(iter(change))):
        make(space=SPACE, evaluations=1, **change)
