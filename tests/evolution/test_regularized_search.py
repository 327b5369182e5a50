import pytest

from evolution.anchors import anchors
from evolution.errors import InvalidSearch
from evolution.nsga2_search import Nsga2Search
from evolution.regularized_search import RegularizedSearch
from evolution.search import Budget
from evolution.space import SearchSpace
from tests.evolution.builders import TRAINING, evaluation
from tests.evolution.drivers import Rows, drive

WIDE = SearchSpace((6,), 3)
BUDGET = Budget(evaluations=120)


def regularized(population: int = 20, sample: int = 5) -> Rows:
    search = RegularizedSearch(
        WIDE, TRAINING, rows=100, seed=1, parallelism=1, budget=BUDGET, population=population, sample=sample
    )
    return drive(search, lambda one: evaluation(one, (one.number * 7 % 31) / 31))


def test_anchors_and_random_networks_are_the_first_population() -> None:
    operators = [row.candidate.operator for row in regularized()]
    count = len(anchors(WIDE))

    assert operators[:20] == ["anchor"] * count + ["random"] * (20 - count)
    assert not {"anchor", "random"} & set(operators[20:])


def test_parents_are_among_the_last_of_the_population() -> None:
    rows = regularized()
    ages = [row.candidate.number - parent for row in rows for parent in row.candidate.parents]

    assert ages
    assert max(ages) <= 20


def test_a_larger_sample_prefers_the_better() -> None:
    def mean_parent(sample: int) -> float:
        rows = regularized(sample=sample)
        parents = [rows[parent].fitness or 0.0 for row in rows for parent in row.candidate.parents]
        return sum(parents) / len(parents)

    assert mean_parent(12) > mean_parent(1) + 0.2


def test_nsga2_with_the_score_alone_keeps_the_best() -> None:
    search = Nsga2Search(WIDE, TRAINING, rows=100, seed=1, parallelism=1, budget=BUDGET)
    rows = drive(search, lambda one: evaluation(one, (one.number * 7 % 31) / 31))
    late = [rows[parent].fitness or 0.0 for row in rows[100:] for parent in row.candidate.parents]

    assert min(late) > 0.6


@pytest.mark.parametrize(("population", "sample", "named"), [(0, 5, "population"), (20, 0, "sample")])
def test_settings_that_cannot_be_followed_are_refused(population: int, sample: int, named: str) -> None:
    with pytest.raises(InvalidSearch, match=named):
        regularized(population, sample)


def test_nsga2_needs_parents_to_choose_from() -> None:
    with pytest.raises(InvalidSearch, match="population"):
        Nsga2Search(WIDE, TRAINING, rows=9, seed=0, parallelism=1, budget=BUDGET, population=4)
