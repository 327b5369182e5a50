import pytest

from evolution.errors import InvalidSearch
from evolution.objectives import CostName
from evolution.search import STRATEGIES, Budget, StrategyName
from evolution.stopping import StoppingRule
from evolution.strategies import make_search
from tests.evolution.builders import SPACE, TRAINING


def test_every_strategy_can_be_made() -> None:
    for name in STRATEGIES:
        search = make_search(
            name, SPACE, TRAINING, rows=9, seed=0, parallelism=1, budget=Budget(evaluations=3), replicates=2
        )
        candidate = search.ask()

        assert candidate is not None
        assert candidate.replicates == 2


def test_aging_evolution_knows_one_objective() -> None:
    with pytest.raises(InvalidSearch, match="take evolution or nsga2"):
        make_search(
            "regularized",
            SPACE,
            TRAINING,
            rows=9,
            seed=0,
            parallelism=1,
            budget=Budget(evaluations=3),
            cost="parameters",
        )


def test_a_stopping_rule_needs_what_evolution_expects() -> None:
    cases: list[tuple[StrategyName, CostName | None]] = [("random", None), ("nsga2", None), ("evolution", "parameters")]
    for name, cost in cases:
        with pytest.raises(InvalidSearch, match="stopping rule"):
            make_search(
                name,
                SPACE,
                TRAINING,
                rows=9,
                seed=0,
                parallelism=1,
                budget=Budget(evaluations=3),
                cost=cost,
                stopping=StoppingRule(0.01),
            )
