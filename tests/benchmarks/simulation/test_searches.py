import numpy as np
import pytest

from benchmarks.simulation.evaluator import SimulatedEvaluator
from benchmarks.simulation.measured import MeasuredSearch
from benchmarks.simulation.searches import FreeRunning, Generational, LogNormalSearch
from core.training import predicted_flops
from evolution.errors import SearchOrderError
from evolution.evaluation import failed_evaluation
from evolution.loop import Evaluated, Proposed, run_search
from evolution.random_search import RandomSearch
from evolution.search import Budget, Search
from evolution.space import SearchSpace
from tests.benchmarks.simulation.builders import ROWS, by_number, simulate, trivial, workload
from tests.evolution.builders import TRAINING


def test_costs_are_log_normal_with_sigma_one() -> None:
    search = trivial(4000, 4000)
    costs = []
    while (candidate := search.ask()) is not None:
        costs.append(predicted_flops(candidate.architecture, ROWS, candidate.training.epochs))

    assert len(costs) == 4000
    assert np.log(costs).std() == pytest.approx(1, abs=0.04)


def test_a_free_running_search_keeps_every_worker_busy_to_the_last_start() -> None:
    evaluations, accounts = simulate(FreeRunning(trivial(1), budget=90, workers=6), workload(), 6)

    assert len(evaluations) == 90
    assert accounts.use_while_fed == 1.0
    assert accounts.use < 1.0


def test_a_generation_begins_when_the_one_before_has_ended() -> None:
    evaluator = SimulatedEvaluator(workload(), 3)
    proposed, evaluated, sizes = 0, 0, []
    for event in run_search(Generational(trivial(1), budget=20, size=8), evaluator):
        if isinstance(event, Proposed):
            assert evaluated == 8 * (proposed // 8)
            proposed += 1
        elif isinstance(event, Evaluated):
            evaluated += 1
            sizes.append(proposed)

    assert sizes == [8] * 8 + [16] * 8 + [20] * 4


def test_all_three_ways_train_the_same_networks_when_nothing_is_looked_at() -> None:
    load = workload(deaths=0.2)
    clock, _ = simulate(trivial(8), load, 4)
    free, _ = simulate(FreeRunning(trivial(1), budget=60, workers=4), load, 4)
    generations, _ = simulate(Generational(trivial(1), budget=60, size=8), load, 4)

    assert by_number(clock) == by_number(free) == by_number(generations)


@pytest.mark.parametrize("generational", [True, False])
def test_an_exhausted_space_ends_the_search(generational: bool) -> None:
    space = SearchSpace((6,), 3, 1, 1, 4, 6, ("tanh",))
    strategy = RandomSearch(space, TRAINING, rows=ROWS, seed=1, parallelism=1, budget=Budget(evaluations=1))
    search: Search = (
        Generational(strategy, budget=50, size=7) if generational else FreeRunning(strategy, budget=50, workers=2)
    )
    evaluations, _ = simulate(search, workload(), 2)

    assert len(evaluations) == 3
    assert search.stop_reason == "space exhausted"


def test_what_was_never_asked_for_cannot_be_told_nor_resumed() -> None:
    search = FreeRunning(trivial(1), budget=5, workers=2)
    candidate = search.ask()

    assert candidate is not None
    search.tell(failed_evaluation(candidate, "bad"))
    with pytest.raises(SearchOrderError, match="candidate 0 is not being trained"):
        search.tell(failed_evaluation(candidate, "bad"))
    with pytest.raises(SearchOrderError, match="cannot be resumed"):
        search.resume([candidate], [])


def test_a_measured_search_is_the_same_search() -> None:
    plain, _ = simulate(trivial(8), workload(), 4)
    measured = MeasuredSearch(trivial(8))
    evaluations, _ = simulate(measured, workload(), 4)
    rest = MeasuredSearch(trivial(8))
    rest.resume([each.candidate for each in sorted(plain, key=lambda each: each.candidate.number)], plain)

    assert evaluations == plain
    assert measured.stop_reason == rest.stop_reason == "budget"
    assert 0 < measured.latency.median <= measured.latency.p99 <= measured.latency.largest
    assert measured.seconds >= 60 * 1e-3 * measured.latency.median / 2
    assert isinstance(trivial(1), LogNormalSearch)
