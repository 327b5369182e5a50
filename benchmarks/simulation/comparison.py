"""One cell of the table: a strategy, a way of driving it, a number of workers, several seeds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from time import perf_counter
from typing import Any, Final, Literal, assert_never

from benchmarks.simulation.evaluator import SimulatedEvaluator
from benchmarks.simulation.measured import MeasuredSearch
from benchmarks.simulation.searches import INPUTS, OUTPUTS, TRAINING, FreeRunning, Generational, LogNormalSearch
from benchmarks.simulation.workload import Workload
from evolution.evolutionary_search import EvolutionarySearch
from evolution.loop import Evaluated, run_search
from evolution.random_search import RandomSearch
from evolution.search import Budget, Search
from evolution.space import SearchSpace
from evolution.virtual_clock_search import VirtualClockSearch

SPACE: Final = SearchSpace((INPUTS,), OUTPUTS)
MOST_SEEDS: Final = 5
MOST_CANDIDATES: Final = 100_000
"""Of all seeds of one cell together; 10,000 workers with 50 candidates each get one seed only."""

Make = Callable[[int, int, int, int], VirtualClockSearch]
"""From the rows, the seed, the parallelism and the number of evaluations."""


def _trivial(rows: int, seed: int, parallelism: int, evaluations: int) -> VirtualClockSearch:
    return LogNormalSearch(rows=rows, seed=seed, parallelism=parallelism, budget=Budget(evaluations=evaluations))


def _random(rows: int, seed: int, parallelism: int, evaluations: int) -> VirtualClockSearch:
    budget = Budget(evaluations=evaluations)
    return RandomSearch(SPACE, TRAINING, rows=rows, seed=seed, parallelism=parallelism, budget=budget)


def _evolution(rows: int, seed: int, parallelism: int, evaluations: int) -> VirtualClockSearch:
    budget = Budget(evaluations=evaluations)
    return EvolutionarySearch(SPACE, TRAINING, rows=rows, seed=seed, parallelism=parallelism, budget=budget)


STRATEGIES: Final[dict[str, Make]] = {"trivial": _trivial, "random": _random, "evolution": _evolution}
DRIVERS: Final[dict[str, tuple[Literal["free", "clock", "barrier"], int]]] = {
    "free-running": ("free", 1),
    "V = P": ("clock", 1),
    "V = 2P": ("clock", 2),
    "V = 3P": ("clock", 3),
    "barrier every 2P": ("barrier", 2),
    "barrier every 4P": ("barrier", 4),
}
"""How a search is driven, and the virtual workers or the candidates of a generation for each real worker."""


def make_search(strategy: str, driver: str, *, rows: int, seed: int, workers: int, evaluations: int) -> Search:
    """Return the strategy's search as this driver runs it on `workers` real workers."""
    make = STRATEGIES[strategy]
    kind, factor = DRIVERS[driver]
    match kind:
        case "free":
            return FreeRunning(make(rows, seed, workers, evaluations), budget=evaluations, workers=workers)
        case "barrier":
            return Generational(make(rows, seed, workers, evaluations), budget=evaluations, size=factor * workers)
        case "clock":
            return make(rows, seed, factor * workers, evaluations)
        case _:
            assert_never(kind)


@dataclass(frozen=True, slots=True)
class Cell:
    """Means over the seeds; the latencies are milliseconds of real time, `per_second` asks and tells together.

    `largest` is the longest proposal of all. `loop_per_second` counts the simulator's own work too. `failed` is the
    share of candidates whose worker died twice.
    """

    strategy: str
    driver: str
    workers: int
    evaluations: int
    seeds: int
    use: float
    use_while_fed: float
    median: float
    p99: float
    largest: float
    per_second: float
    loop_per_second: float
    failed: float


def simulate(strategy: str, driver: str, workers: int, per_worker: int, workload: Workload) -> Cell:
    """Run the search to its end once for each seed."""
    evaluations = workers * per_worker
    seeds = max(1, min(MOST_SEEDS, MOST_CANDIDATES // evaluations))
    runs: list[dict[str, float]] = []
    for seed in range(1, seeds + 1):
        search = MeasuredSearch(
            make_search(strategy, driver, rows=workload.rows, seed=seed, workers=workers, evaluations=evaluations)
        )
        evaluator = SimulatedEvaluator(replace(workload, seed=seed), workers)
        began = perf_counter()
        results = [
            event.evaluation.error is None for event in run_search(search, evaluator) if isinstance(event, Evaluated)
        ]
        accounts, latency = evaluator.accounts, search.latency
        runs.append(
            {
                "use": accounts.use,
                "use_while_fed": accounts.use_while_fed,
                "median": latency.median,
                "p99": latency.p99,
                "largest": latency.largest,
                "per_second": len(results) / search.seconds,
                "loop_per_second": len(results) / (perf_counter() - began),
                "failed": 1 - fmean(results),
            }
        )
    means: dict[str, Any] = {name: fmean(run[name] for run in runs) for name in runs[0]}
    means["largest"] = max(run["largest"] for run in runs)
    return Cell(strategy, driver, workers, evaluations, seeds, **means)
