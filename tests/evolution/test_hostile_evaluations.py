"""Scores of every kind that are numbers at all: a search ends, and nobody who computes with them meets a NaN.

Warnings are errors in tests, so an overflow anywhere fails them too.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training import Epoch
from evolution.answers import answer, network_scores
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSpace
from evolution.importance import importance
from evolution.recommendation import pareto_standings, standings, surrogate_fit
from evolution.search import Budget, StrategyName
from evolution.space import SearchSpace
from evolution.stopping import StoppingRule
from evolution.strategies import make_search
from tests.evolution.builders import TRAINING
from tests.evolution.drivers import drive
from tests.evolution.test_determinism import FLAT, IMAGES, RECIPES, Scenario

# Many whole searches: seconds in all.
pytestmark = pytest.mark.slow

LARGEST = 1.7976931348623157e308
SCENARIOS = {
    "evolution": Scenario(),
    "ladder": Scenario(epochs=True, most=90, ladder=True, space=RECIPES),
    "ladder-replicates": Scenario(epochs=True, most=180, ladder=True, replicates=3),
    "stopping": Scenario(stopping=StoppingRule(0.001, 3), space=IMAGES),
    "pareto": Scenario(cost="parameters", replicates=2),
    "nsga2": Scenario("nsga2", "inference_flops"),
    "regularized": Scenario("regularized"),
}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)

EXTREMES = (LARGEST, -LARGEST, 1e200, -1e154, 5e-324, -5e-324, 1e-200, 0.0, -0.0, 0.5, 0.5 + 1e-16, 1e15)
Score = float | None
scores = st.lists(
    st.none() | st.sampled_from(EXTREMES) | st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 1),
    min_size=1,
    max_size=12,
)
"""One after the other and then again from the first; None is a failure."""

NAMED: dict[str, Sequence[Score]] = {
    "all fail": [None],
    "all equal": [0.25],
    "all huge": [LARGEST],
    "all very negative": [-LARGEST],
    "between extremes": [LARGEST, -LARGEST],
    "the smallest numbers": [5e-324, -5e-324, 0.0],
    "one that is far off": [*[0.5, 0.6, 0.55, 0.61] * 4, -LARGEST, *[0.5, 0.6, 0.55, 0.61] * 20],
    "one that is far too good": [*[0.5, 0.6, 0.55, 0.61] * 4, LARGEST, *[0.5, 0.6, 0.55, 0.61] * 20],
    "failures between": [None, 0.5, None, 0.6, None, 0.4],
    "a single success": [*[None] * 15, 0.5, *[None] * 60],
    "a first success that comes late": [*[None] * 24, *[0.5, 0.6] * 40],
    "squares overflow": [1e154, -1e160, 1e200],
    "squares underflow": [1e-170, 3e-170, 2e-170],
    "differences are rounded": [1e15, 1e15 + 0.125, 1e15 + 0.25],
}


def hostile(candidate: Candidate, values: Sequence[Score]) -> Evaluation:
    """Answer by number; replicates differ, and the first epoch is half of the end."""
    score = values[candidate.number % len(values)]
    if score is None:
        return Evaluation(candidate, None, "diverged", (), candidate.number % 3, 1, 0.1)
    epochs = 3 if candidate.stop_after is None else candidate.stop_after
    return Evaluation(
        candidate,
        score,
        None,
        tuple(Epoch(1.0, 1.0, score / 2 if place == 0 else score) for place in range(epochs)),
        epochs * candidate.replicates,
        1,
        0.1,
        scores=(score, score / 2, -score)[: candidate.replicates] if candidate.replicates > 1 else (),
    )


def check(scenario: Scenario, values: Sequence[Score]) -> None:
    """Run a search on these scores, and ask everything of its rows that a job asks."""
    search = scenario.search(3)
    rows = drive(search, lambda one: hostile(one, values))
    predictions = [one.prediction for one in (row.candidate for row in rows) if one.prediction is not None]
    scored = [row for row in rows if row.fitness is not None]
    ranked = standings(rows, scenario.space)
    front = pareto_standings(rows, scenario.space, "parameters")
    full = {row.candidate.key for row in scored if row.candidate.stop_after is None}
    by_network = network_scores(rows)
    answers = answer(rows)
    matters = importance(
        list(by_network),
        list(by_network.values()),
        scenario.space,
        seed=1,
        fit=surrogate_fit(scenario.space, TRAINING),
    )
    numbers = [number for one in predictions for number in astuple(one)]
    numbers += [number for one in (*ranked, *front) for number in (one.mean, one.deviation)]
    numbers += [number for one in (*answers.layers, *answers.neurons) for number in astuple(one) if number is not None]
    numbers += [] if matters is None else list(astuple(matters))
    numbers += [row.standard_error for row in rows if row.standard_error is not None]

    assert search.stop_reason in ("budget", "not worth it")
    assert all(map(math.isfinite, numbers))
    assert len(ranked) == len(full)
    assert bool(front) == bool(full)


@pytest.mark.parametrize("scenario", [SCENARIOS[name] for name in ("evolution", "ladder-replicates", "pareto")])
@pytest.mark.parametrize("values", NAMED.values(), ids=NAMED)
def test_no_score_brings_a_search_down(scenario: Scenario, values: Sequence[Score]) -> None:
    check(scenario, values)


@pytest.mark.slow
@each_scenario
@settings(max_examples=6, deadline=None)
@given(values=scores)
def test_no_scores_that_could_be_drawn_do(scenario: Scenario, values: list[Score]) -> None:
    check(scenario, values)


@pytest.mark.parametrize("strategy", ["evolution", "nsga2", "regularized", "random"])
@pytest.mark.parametrize("amount", [1, 3, 9, 10, 11])
def test_a_budget_may_end_among_the_anchors(strategy: StrategyName, amount: int) -> None:
    rows = drive(Scenario(strategy, most=amount).search(16), lambda one: hostile(one, [0.5, None, 0.7]))

    assert len(rows) == amount
    assert standings(rows, FLAT)


@pytest.mark.parametrize("strategy", ["evolution", "nsga2", "regularized", "random"])
@pytest.mark.parametrize("values", [[0.5], [None], [-LARGEST]])
def test_a_space_of_one_network_ends(strategy: StrategyName, values: list[Score]) -> None:
    space = SearchSpace((6,), 3, 1, 1, 5, 5, ("tanh",))
    search = make_search(
        strategy, space, TRAINING, rows=9, seed=0, parallelism=4, budget=Budget(epochs=1000), ladder=True
    )
    rows = drive(search, lambda one: hostile(one, values))

    assert len(rows) == 1
    assert search.stop_reason == "space exhausted"
    assert len(standings(rows, space)) == len([one for one in values if one is not None])


def test_limits_that_leave_no_network_are_refused() -> None:
    with pytest.raises(InvalidSpace, match="leaves no network"):
        replace(FLAT, max_parameters=20)
    with pytest.raises(InvalidSpace, match="leaves no network"):
        replace(FLAT, max_inference_flops=5)
