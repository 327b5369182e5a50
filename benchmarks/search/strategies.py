"""Who plays: every strategy by the name that the report gives it, peers first and ours last.

To measure another strategy of the product, or another way to recommend, add a line to `OURS`: how the search is made,
how the network is chosen from its evaluations and, for two objectives, how the front is. An ablation is a line too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.search.asha import AshaPlayer
from benchmarks.search.optuna_peers import AnchoredTpePlayer, OptunaNsga2Player, TpePlayer
from benchmarks.search.peers import (
    AnchorsPlayer,
    DeapNsga2Player,
    MuPlusLambdaPlayer,
    RandomPlayer,
    RegularizedEvolutionPlayer,
)
from benchmarks.search.player import Player
from benchmarks.search.problem import Problem
from benchmarks.search.search_player import (
    Choice,
    FrontChoice,
    MakeSearch,
    SearchPlayer,
    choose_luckiest,
    choose_observed_front,
)
from evolution.evolutionary_search import EvolutionarySearch
from evolution.random_search import RandomSearch
from evolution.search import Budget

MakePlayer = Callable[[Problem, int, int], Player]
"""From problem, seed, and how many evaluations may be needed."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the report; `two_objectives` says that it also seeks few parameters."""

    make: MakePlayer
    ours: bool = False
    two_objectives: bool = False
    needs_optuna: bool = False


def evolution(problem: Problem, seed: int, workers: int, budget: Budget) -> EvolutionarySearch:
    """Make the product's evolution."""
    table = problem.table
    return EvolutionarySearch(
        problem.space, table.training, rows=table.rows, seed=seed, parallelism=workers, budget=budget
    )


def random_search(problem: Problem, seed: int, workers: int, budget: Budget) -> RandomSearch:
    """Make the product's random search, which draws any whole width."""
    table = problem.table
    return RandomSearch(problem.space, table.training, rows=table.rows, seed=seed, parallelism=workers, budget=budget)


def ours(
    make_search: MakeSearch,
    *,
    choose: Choice = choose_luckiest,
    choose_front: FrontChoice = choose_observed_front,
    workers: int = 1,
    two_objectives: bool = False,
) -> Strategy:
    """Return the row of a search of the product."""
    make = partial(_search_player, make_search, choose, choose_front, workers)
    return Strategy(make, ours=True, two_objectives=two_objectives)


def _search_player(
    make_search: MakeSearch,
    choose: Choice,
    choose_front: FrontChoice,
    workers: int,
    problem: Problem,
    seed: int,
    evaluations: int,
) -> Player:
    search = make_search(problem, seed, workers, Budget(evaluations=evaluations))
    return SearchPlayer(problem, search, choose, choose_front)


def _peer(
    kind: Callable[[Problem, int], Player], *, two_objectives: bool = False, needs_optuna: bool = False
) -> Strategy:
    def make(problem: Problem, seed: int, evaluations: int) -> Player:  # noqa: ARG001 - peers know no budget
        return kind(problem, seed)

    return Strategy(make, two_objectives=two_objectives, needs_optuna=needs_optuna)


PEERS: Mapping[str, Strategy] = {
    "random search": _peer(RandomPlayer),
    "anchors alone, repeated": _peer(AnchorsPlayer),
    "regularized evolution": _peer(RegularizedEvolutionPlayer),
    "DEAP mu+lambda": _peer(MuPlusLambdaPlayer),
    "ASHA": _peer(AshaPlayer),
    "Optuna TPE": _peer(TpePlayer, needs_optuna=True),
    "Optuna TPE, our anchors": _peer(AnchoredTpePlayer, needs_optuna=True),
    "Optuna NSGA-II": _peer(OptunaNsga2Player, two_objectives=True, needs_optuna=True),
    "DEAP NSGA-II, our anchors": _peer(DeapNsga2Player, two_objectives=True),
}
OURS: Mapping[str, Strategy] = {
    "Cambrian random": ours(random_search),
    "Cambrian evolution": ours(evolution),
    "Cambrian evolution, 8 workers": ours(evolution, workers=8),
}
STRATEGIES: Mapping[str, Strategy] = {**PEERS, **OURS}
CHAMPION = "Cambrian evolution"
"""Whom the ratios compare the peers with."""
