"""Simulated searches as the tests need them: small, and told as rows."""

from typing import Any

from benchmarks.simulation.evaluator import Accounts, SimulatedEvaluator
from benchmarks.simulation.searches import LogNormalSearch
from benchmarks.simulation.workload import Workload
from evolution.candidate import Evaluation
from evolution.loop import Evaluated, run_search
from evolution.search import Budget, Search

ROWS = 100


def workload(**changes: Any) -> Workload:
    return Workload(**{"rows": ROWS, "seed": 3, **changes})


def trivial(parallelism: int, evaluations: int = 60) -> LogNormalSearch:
    return LogNormalSearch(rows=ROWS, seed=4, parallelism=parallelism, budget=Budget(evaluations=evaluations))


def simulate(search: Search, load: Workload, workers: int) -> tuple[list[Evaluation], Accounts]:
    """Return the evaluations in the order in which they came, and the accounts."""
    evaluator = SimulatedEvaluator(load, workers)
    events = list(run_search(search, evaluator))
    return [event.evaluation for event in events if isinstance(event, Evaluated)], evaluator.accounts


def by_number(evaluations: list[Evaluation]) -> list[object]:
    """Return what may not depend on the workers, by number."""
    return [each.outcome() for each in sorted(evaluations, key=lambda each: each.candidate.number)]
