"""The product's own strategies as players: any `evolution.search.Search`, trained by the table, and who it recommends.

Two seams: `MakeSearch` makes the strategy, and `Choice` says which network is recommended after the evaluations so far,
which is a question of its own: the luckiest network is rarely the best one.
"""

from collections import deque
from collections.abc import Callable, Sequence

from benchmarks.search.player import Recommendation, observed_front
from benchmarks.search.problem import Outcome, Problem, Trial
from core.architecture import Architecture
from core.replicates import replicate_seeds
from evolution.candidate import Candidate, Evaluation, best
from evolution.recommendation import pareto_standings, standings
from evolution.search import Budget, Search
from evolution.space import SearchSpace

MakeSearch = Callable[[Problem, int, int, Budget], Search]
"""From problem, seed, virtual workers and budget."""

Choice = Callable[[Sequence[Evaluation], SearchSpace], Recommendation]
FrontChoice = Callable[[Sequence[Evaluation], SearchSpace], list[Architecture]]


def choose_luckiest(evaluations: Sequence[Evaluation], space: SearchSpace) -> Recommendation:  # noqa: ARG001
    """Recommend the network with the highest fitness; raises ValueError where all failed."""
    found = best(evaluations)
    if found is None or found.fitness is None:
        raise ValueError("nothing can be recommended: no training has ended well")
    return Recommendation(found.candidate.architecture, found.fitness)


def choose_observed_front(
    evaluations: Sequence[Evaluation],
    space: SearchSpace,  # noqa: ARG001
) -> list[Architecture]:
    """Return the networks that none exceeds both in fitness and in having few parameters."""
    return observed_front((one.fitness, one.candidate.architecture) for one in evaluations if one.fitness is not None)


def choose_by_posterior(evaluations: Sequence[Evaluation], space: SearchSpace) -> Recommendation:
    """Recommend as the product does: the highest posterior mean, which is also what is promised."""
    found = standings(evaluations, space)
    if not found:
        raise ValueError("nothing can be recommended: no training has ended well")
    return Recommendation(found[0].architecture, found[0].mean)


def choose_front_by_posterior(evaluations: Sequence[Evaluation], space: SearchSpace) -> list[Architecture]:
    """Return the front of posterior mean and parameters, as the product does."""
    return [one.architecture for one in pareto_standings(evaluations, space, "parameters")]


class SearchPlayer:
    """Drives a search as `evolution.loop.run_search` does: it is asked until it must wait, then gets one result.

    Results come in the order of the candidates, so after n of them exactly the first n candidates are known.
    """

    def __init__(
        self,
        problem: Problem,
        search: Search,
        choose: Choice = choose_luckiest,
        choose_front: FrontChoice = choose_observed_front,
    ) -> None:
        self._problem, self._search = problem, search
        self._choose, self._choose_front = choose, choose_front
        self._waiting: deque[Candidate] = deque()
        self._evaluations: list[Evaluation] = []

    def ask(self) -> Trial | None:
        """Return the candidate that has waited longest; None when the search is done."""
        while (candidate := self._search.ask()) is not None:
            self._waiting.append(candidate)
        if not self._waiting:
            return None
        candidate = self._waiting[0]
        epochs = candidate.training.epochs if candidate.stop_after is None else candidate.stop_after
        return Trial(candidate.architecture, replicate_seeds(candidate.seed, candidate.replicates), epochs)

    def tell(self, outcome: Outcome) -> None:
        """Give the search the evaluation that the table makes of the candidate asked for last."""
        evaluation = table_evaluation(self._waiting.popleft(), outcome)
        self._evaluations.append(evaluation)
        self._search.tell(evaluation)

    def recommend(self) -> Recommendation:
        """Choose a network after the evaluations so far."""
        return self._choose(self._evaluations, self._problem.space)

    def front(self) -> list[Architecture]:
        """Choose networks that trade accuracy for few parameters after the evaluations so far."""
        return self._choose_front(self._evaluations, self._problem.space)


def table_evaluation(candidate: Candidate, outcome: Outcome) -> Evaluation:
    """Return the candidate's evaluation as a training would have given it, in no time."""
    return Evaluation(
        candidate=candidate,
        fitness=outcome.value,
        error="diverged" if outcome.value is None else None,
        curve=outcome.curve,
        epochs=outcome.epochs,
        flops=outcome.flops,
        seconds=0.0,
        scores=outcome.scores if candidate.replicates > 1 else (),
    )
