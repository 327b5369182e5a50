import math
from dataclasses import replace
from random import Random

import pytest

from evolution.candidate import Candidate, Evaluation, Prediction
from evolution.errors import InvalidSearch
from evolution.evolutionary_search import EvolutionarySearch
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.stopping import StoppingRule
from tests.evolution.builders import TRAINING, candidate, evaluation
from tests.evolution.drivers import drive, drive_with_kills


def expected(number: int, improvement: float, operator: str = "widen") -> Candidate:
    return replace(candidate(number), operator=operator, prediction=Prediction(0.5, 0.1, improvement))


def test_the_rule_needs_all_of_the_last_to_be_small() -> None:
    rule = StoppingRule(0.01, patience=3)
    small = [expected(number, 0.001) for number in range(3)]

    assert rule.holds(small)
    assert not rule.holds(small[:2])
    assert not rule.holds([small[0], expected(1, 0.02), small[2]])
    assert rule.holds([expected(0, 0.02), *small])


def test_repeats_and_anchors_say_nothing() -> None:
    rule = StoppingRule(0.01, patience=2)

    assert not rule.holds([candidate(0), expected(1, 0.001), expected(2, 0.0, "repeat")])
    assert rule.holds([expected(1, 0.001), expected(2, 0.0, "repeat"), expected(3, 0.002)])


@pytest.mark.parametrize(("improvement", "patience"), [(0.0, 3), (-1.0, 3), (math.nan, 3), (math.inf, 3), (0.1, 0)])
def test_a_rule_that_cannot_be_followed_is_refused(improvement: float, patience: int) -> None:
    with pytest.raises(InvalidSearch):
        StoppingRule(improvement, patience)


def flat(one: Candidate) -> Evaluation:
    """All networks are equally good."""
    return evaluation(one, 0.9 + one.seed % 7 / 10_000)


def make() -> EvolutionarySearch:
    return EvolutionarySearch(
        SearchSpace((6,), 3),
        TRAINING,
        rows=100,
        seed=1,
        parallelism=3,
        budget=Budget(evaluations=200),
        stopping=StoppingRule(0.0005, patience=10),
    )


def test_a_search_ends_where_more_is_not_worth_it() -> None:
    search = make()
    rows = drive(search, flat)

    assert search.stop_reason == "not worth it"
    assert 20 <= len(rows) < 100


@pytest.mark.slow
def test_it_ends_there_however_often_it_was_killed() -> None:
    assert drive_with_kills(make, Random(1), flat) == drive(make(), flat)
