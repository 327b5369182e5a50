import numpy as np
import pytest

from evolution.candidate import Candidate, Evaluation
from evolution.nsga2_search import Nsga2Search
from evolution.objectives import front, log_cost
from evolution.pareto_search import ParetoSearch
from evolution.random_search import RandomSearch
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.virtual_clock_search import VirtualClockSearch
from tests.evolution.builders import TRAINING, evaluation
from tests.evolution.drivers import Rows, drive

WIDE = SearchSpace((6,), 3)


def true_score(candidate: Candidate) -> float:
    """Wide first layers help, with less and less effect; every further layer costs a little."""
    widths = candidate.architecture.widths
    return 0.5 + (0.08 * np.log2(widths[0]) - 0.05 * (len(widths) - 1) if widths else 0.0)


def answer(candidate: Candidate) -> Evaluation:
    noise = np.random.default_rng(candidate.seed).normal(0, 0.01)
    return evaluation(candidate, float(true_score(candidate) + noise))


def volume(rows: Rows) -> float:
    """The area that the true scores dominate, up to a million parameters."""
    scores = np.array([true_score(row.candidate) for row in rows])
    costs = np.array([log_cost(row.candidate.architecture, "parameters") for row in rows])
    members = front(scores, costs)
    ends = np.append(costs[members][1:], 6.0)
    return float(((ends - costs[members]) * scores[members]).sum())


def searches(seed: int, parallelism: int) -> list[VirtualClockSearch]:
    budget = Budget(evaluations=60)
    return [
        ParetoSearch(WIDE, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget, cost="parameters"),
        Nsga2Search(WIDE, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget, cost="parameters"),
        RandomSearch(WIDE, TRAINING, rows=100, seed=seed, parallelism=parallelism, budget=budget),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("parallelism", [1, 8])
def test_the_front_that_is_found_dominates_more_than_the_rivals(parallelism: int) -> None:
    volumes = np.array([[volume(drive(search, answer)) for search in searches(seed, parallelism)] for seed in range(3)])
    screened, nsga2, random = volumes.mean(axis=0)

    assert screened > nsga2 > random


def test_nothing_is_trained_twice() -> None:
    rows = drive(searches(1, 1)[0], answer)

    assert len({row.candidate.architecture for row in rows}) == len(rows) == 60


def test_the_gain_that_a_network_was_chosen_for_is_kept() -> None:
    rows = drive(searches(2, 1)[0], answer)
    chosen = [row.candidate.prediction for row in rows if row.candidate.operator not in ("anchor", "repeat")]

    assert all(prediction is not None and prediction.deviation > 0 for prediction in chosen)
    assert chosen[0] is not None
    assert chosen[0].improvement > 0
