"""Who plays: every strategy by the name that the report gives it, peers first and ours last.

To measure another strategy of the product, or another way to recommend, add a line to `OURS` or `ABLATIONS`: how the
search is made, how the network is chosen from its evaluations and, for two objectives, how the front is.
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
    choose_by_posterior,
    choose_front_by_posterior,
    choose_luckiest,
    choose_observed_front,
)
from evolution.evolutionary_search import OFFSPRING, REPEAT_EVERY, EvolutionarySearch
from evolution.objectives import CostName
from evolution.search import Budget, Search, StrategyName
from evolution.strategies import make_search

MakePlayer = Callable[[Problem, int, int], Player]
"""From problem, seed, and how many evaluations may be needed."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the report; `two_objectives` says that it also seeks few parameters."""

    make: MakePlayer
    ours: bool = False
    two_objectives: bool = False
    needs_optuna: bool = False


def named_search(name: StrategyName, *, cost: CostName | None = None) -> MakeSearch:
    """Return how a job's strategy is made."""

    def make(problem: Problem, seed: int, workers: int, budget: Budget) -> Search:
        table = problem.table
        return make_search(
            name,
            problem.space,
            table.training,
            rows=table.rows,
            seed=seed,
            parallelism=workers,
            budget=budget,
            cost=cost,
        )

    return make


def evolution(
    *,
    with_anchors: bool = True,
    offspring: int = OFFSPRING,
    repeat_every: int | None = REPEAT_EVERY,
    ladder: bool = False,
) -> MakeSearch:
    """Return how the product's evolution is made, with or without its parts."""

    def make(problem: Problem, seed: int, workers: int, budget: Budget) -> Search:
        table = problem.table
        return EvolutionarySearch(
            problem.space,
            table.training,
            rows=table.rows,
            seed=seed,
            parallelism=workers,
            budget=budget,
            with_anchors=with_anchors,
            offspring=offspring,
            repeat_every=repeat_every,
            ladder=ladder,
        )

    return make


def ours(
    make_search: MakeSearch,
    *,
    choose: Choice = choose_by_posterior,
    choose_front: FrontChoice = choose_front_by_posterior,
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
    "Cambrian random": ours(named_search("random"), choose=choose_luckiest, choose_front=choose_observed_front),
    "Cambrian evolution": ours(evolution()),
    "Cambrian evolution, 8 workers": ours(evolution(), workers=8),
    "Cambrian evolution, ladder": ours(evolution(ladder=True)),
    "Cambrian evolution, two objectives": ours(named_search("evolution", cost="parameters"), two_objectives=True),
    "Cambrian NSGA-II": ours(named_search("nsga2", cost="parameters"), two_objectives=True),
}
ABLATIONS: Mapping[str, Strategy] = {
    "without the surrogate's screening": ours(evolution(offspring=1)),
    "without anchors": ours(evolution(with_anchors=False)),
    "without repeats": ours(evolution(repeat_every=None)),
    "recommending the luckiest": ours(evolution(), choose=choose_luckiest, choose_front=choose_observed_front),
    "random, judged by posterior": ours(named_search("random")),
}
"""What is left of "Cambrian evolution" when one of its parts is taken away; only played when asked for."""

STRATEGIES: Mapping[str, Strategy] = {**PEERS, **OURS, **ABLATIONS}
CHAMPION = "Cambrian evolution"
"""Whom the ratios compare the peers with."""
