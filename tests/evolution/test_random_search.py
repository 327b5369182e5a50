from evolution.random_search import RandomSearch
from evolution.search import Budget
from evolution.space import SearchSpace
from tests.evolution.builders import TRAINING, evaluation
from tests.evolution.drivers import drive


def make(parallelism: int = 3) -> RandomSearch:
    space = SearchSpace((6,), 3)
    return RandomSearch(space, TRAINING, rows=100, seed=4, parallelism=parallelism, budget=Budget(evaluations=80))


def test_results_change_nothing() -> None:
    good, bad = drive(make(), lambda one: evaluation(one, 0.9)), drive(make(), lambda one: evaluation(one, None))

    assert [row.candidate for row in good] == [row.candidate for row in bad]


def test_parallelism_changes_nothing() -> None:
    assert drive(make(1)) == drive(make(64))


def test_networks_are_drawn_from_the_whole_space() -> None:
    candidates = [row.candidate for row in drive(make())]

    assert {one.architecture.depth for one in candidates} == set(range(5))
    assert {one.operator for one in candidates} == {"random"}
    assert all(one.parents == () for one in candidates)
    assert len({one.seed for one in candidates}) == 80
