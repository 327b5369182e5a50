"""The strategies by name: what a job may ask for."""

from typing import assert_never

from core.training import TrainingConfig
from evolution.errors import InvalidSearch
from evolution.evolutionary_search import EvolutionarySearch
from evolution.nsga2_search import Nsga2Search
from evolution.objectives import CostName
from evolution.pareto_search import ParetoSearch
from evolution.random_search import RandomSearch
from evolution.regularized_search import RegularizedSearch
from evolution.search import Budget, StrategyName
from evolution.space import SearchSpace
from evolution.space_search import SpaceSearch


def make_search(
    strategy: StrategyName,
    space: SearchSpace,
    training: TrainingConfig,
    *,
    rows: int,
    seed: int,
    parallelism: int,
    budget: Budget,
    replicates: int = 1,
    cost: CostName | None = None,
) -> SpaceSearch:
    """Return a search before its first candidate; `cost` is the second objective, where there is one.

    Raises InvalidSearch for a strategy that knows the score alone. Random search draws the same networks whatever the
    objectives are.
    """

    def make(kind: type[EvolutionarySearch] | type[RandomSearch] | type[RegularizedSearch]) -> SpaceSearch:
        return kind(
            space, training, rows=rows, seed=seed, parallelism=parallelism, budget=budget, replicates=replicates
        )

    match strategy:
        case "evolution":
            if cost is None:
                return make(EvolutionarySearch)
            return ParetoSearch(
                space,
                training,
                rows=rows,
                seed=seed,
                parallelism=parallelism,
                budget=budget,
                replicates=replicates,
                cost=cost,
            )
        case "nsga2":
            return Nsga2Search(
                space,
                training,
                rows=rows,
                seed=seed,
                parallelism=parallelism,
                budget=budget,
                replicates=replicates,
                cost=cost,
            )
        case "regularized":
            if cost is not None:
                raise InvalidSearch(
                    f"the strategy regularized optimizes the score alone, not {cost}; take evolution or nsga2"
                )
            return make(RegularizedSearch)
        case "random":
            return make(RandomSearch)
        case _:
            assert_never(strategy)
