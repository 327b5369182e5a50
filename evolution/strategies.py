"""The strategies by name: what a job may ask for."""

from typing import Any, assert_never

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
from evolution.stopping import StoppingRule


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
    ladder: bool = False,
    stopping: StoppingRule | None = None,
) -> SpaceSearch:
    """Return a search before its first candidate; `cost` is the second objective, where there is one.

    `ladder` and `stopping` are for evolution with one objective, which alone has what they ask; a ladder pays only
    where epochs are counted. Raises InvalidSearch for a strategy that knows the score alone, and for a stopping rule
    that the search cannot follow. Random search draws the same networks whatever the objectives are.
    """
    common: dict[str, Any] = {
        "rows": rows,
        "seed": seed,
        "parallelism": parallelism,
        "budget": budget,
        "replicates": replicates,
    }
    if stopping is not None and (strategy != "evolution" or cost is not None):
        raise InvalidSearch("a stopping rule needs what evolution expects of a score; leave it out, or ask for that")
    match strategy:
        case "evolution":
            if cost is not None:
                return ParetoSearch(space, training, cost=cost, **common)
            return EvolutionarySearch(space, training, ladder=ladder, stopping=stopping, **common)
        case "nsga2":
            return Nsga2Search(space, training, cost=cost, **common)
        case "regularized":
            if cost is not None:
                raise InvalidSearch(
                    f"the strategy regularized optimizes the score alone, not {cost}; take evolution or nsga2"
                )
            return RegularizedSearch(space, training, **common)
        case "random":
            return RandomSearch(space, training, **common)
        case _:
            assert_never(strategy)
