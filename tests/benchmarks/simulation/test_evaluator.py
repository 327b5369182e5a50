from collections import Counter
from itertools import count

import numpy as np
import pytest

from benchmarks.simulation.evaluator import SimulatedEvaluator
from benchmarks.simulation.searches import FreeRunning
from benchmarks.simulation.workload import Attempt, Workload
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.evolutionary_search import EvolutionarySearch
from evolution.search import Budget
from tests.benchmarks.simulation.builders import ROWS, by_number, simulate, trivial, workload
from tests.evolution.builders import SPACE, TRAINING, blobs

HARD = workload(stragglers=0.1, deaths=0.3)


def asked(number: int) -> list[Candidate]:
    search = trivial(number, number)
    return [candidate for _ in range(number) if (candidate := search.ask()) is not None]


class Given(Workload):
    """Trainings of given lengths in nanoseconds, by number; a negative one ends with the worker's death."""

    lengths: tuple[tuple[int, ...], ...] = ()

    def attempt(self, candidate: Candidate, tried: int) -> Attempt:
        length = self.lengths[candidate.number][tried]
        return Attempt(abs(length), dies=length < 0)


def given(*lengths: tuple[int, ...]) -> Given:
    class These(Given):
        pass

    These.lengths = lengths
    return These()


@pytest.mark.parametrize("workers", [1, 7])
def test_the_same_seed_gives_the_same_history(workers: int) -> None:
    first, accounts = simulate(trivial(2 * workers), HARD, workers)
    second, again = simulate(trivial(2 * workers), HARD, workers)

    assert first == second
    for column in ("worker", "start", "end"):
        np.testing.assert_array_equal(getattr(accounts, column), getattr(again, column))


def test_one_worker_without_error_is_always_busy() -> None:
    _, accounts = simulate(trivial(1), workload(sigma=0.0), 1)

    assert accounts.use == 1.0
    assert accounts.use_while_fed == 1.0
    assert accounts.idle.tolist() == [0]


@pytest.mark.slow
@pytest.mark.parametrize("parallelism", [1, 5, 16])
def test_the_virtual_clock_gives_the_same_results_on_any_number_of_workers(parallelism: int) -> None:
    def search() -> EvolutionarySearch:
        budget = Budget(evaluations=60)
        return EvolutionarySearch(SPACE, TRAINING, rows=ROWS, seed=5, parallelism=parallelism, budget=budget)

    alone, _ = simulate(search(), HARD, 1)

    assert len(alone) == 60
    for workers in (2, 3, 50):
        assert by_number(simulate(search(), HARD, workers)[0]) == by_number(alone)


@pytest.mark.slow
def test_a_free_running_search_does_not() -> None:
    def strategy() -> EvolutionarySearch:
        return EvolutionarySearch(SPACE, TRAINING, rows=ROWS, seed=5, parallelism=1, budget=Budget(evaluations=60))

    few, _ = simulate(FreeRunning(strategy(), budget=60, workers=2), HARD, 2)
    more, _ = simulate(FreeRunning(strategy(), budget=60, workers=3), HARD, 3)

    assert by_number(few) != by_number(more)


def test_accounts_add_up() -> None:
    evaluations, accounts = simulate(trivial(10, 200), HARD, 5)
    expected = 0
    for evaluation in evaluations:
        first = HARD.attempt(evaluation.candidate, 0)
        expected += first.nanoseconds
        if first.dies:
            second = HARD.attempt(evaluation.candidate, 1)
            expected += second.nanoseconds

            assert (evaluation.error is not None) == second.dies
        else:
            assert evaluation.error is None

    assert int(accounts.busy.sum()) == expected
    assert (accounts.busy + accounts.idle == accounts.makespan).all()
    assert accounts.use == expected / (5 * accounts.makespan)
    # No worker does two things at once.
    for worker in range(5):
        mine = accounts.worker == worker
        order = np.argsort(accounts.start[mine])

        assert (accounts.start[mine][order][1:] >= accounts.end[mine][order][:-1]).all()


def test_a_candidate_whose_worker_dies_is_tried_once_more() -> None:
    first, second, third = asked(3)
    evaluator = SimulatedEvaluator(given((-5, 20), (-5, -30), (8,)), 1)
    for candidate in (first, second, third):
        evaluator.submit(candidate)
    results = [evaluation for _ in range(3) for evaluation in evaluator.wait(0)]

    assert [(each.candidate, each.error) for each in results] == [
        (first, None),
        (second, "worker died twice"),
        (third, None),
    ]
    # The second attempt comes before what was submitted later.
    assert evaluator.accounts.end.tolist() == [5, 25, 30, 60, 68]
    assert evaluator.in_flight == 0


def test_results_come_when_they_are_ready() -> None:
    candidates = asked(4)
    evaluator = SimulatedEvaluator(given((10,), (4,), (6,), (6,)), 2)
    for candidate in candidates:
        evaluator.submit(candidate)

    def numbers() -> list[int]:
        return [evaluation.candidate.number for evaluation in evaluator.wait(0)]

    assert evaluator.in_flight == 4
    assert (numbers(), evaluator.now) == ([1], 4)
    assert (numbers(), evaluator.now) == ([0, 2], 10)
    assert (numbers(), evaluator.now) == ([3], 16)
    assert (numbers(), evaluator.now) == ([], 16)
    # One worker had nothing to do from 10 on.
    assert evaluator.accounts.idle.tolist() == [0, 6]
    assert evaluator.accounts.use_while_fed == 1.0


def test_what_the_driver_takes_can_be_counted() -> None:
    candidates = asked(3)
    clock = count(0, 10)
    evaluator = SimulatedEvaluator(given((15,), (5,), (5,)), 2, lambda: next(clock))
    for candidate in candidates:
        # Ten nanoseconds pass before every call, and none within one.
        evaluator.submit(candidate)

    # The second worker ends at 25 and has nothing to do until the third candidate comes at 30.
    assert [evaluation.candidate.number for evaluation in evaluator.wait(0)] == [0, 1, 2]
    assert evaluator.now == 40
    assert evaluator.accounts.start.tolist() == [10, 20, 30]
    assert evaluator.accounts.end.tolist() == [25, 25, 35]


def test_cancelled_candidates_never_come_back() -> None:
    evaluator = SimulatedEvaluator(given((10,), (4,), (6,)), 1)
    for candidate in asked(3):
        evaluator.submit(candidate)
    with pytest.raises(SearchOrderError, match="dataset"):
        evaluator.use(blobs())
    evaluator.wait(0)
    evaluator.cancel()

    assert evaluator.in_flight == 0
    assert evaluator.wait(0) == []
    assert evaluator.accounts.busy.tolist() == [10]

    evaluator.use(blobs())
    with evaluator:
        evaluator.submit(asked(1)[0])

        assert [evaluation.candidate.number for evaluation in evaluator.wait(0)] == [0]
    assert Counter(evaluator.accounts.end.tolist()) == {10: 2, 20: 1}


def test_there_must_be_a_worker() -> None:
    with pytest.raises(InvalidSearch, match="workers"):
        SimulatedEvaluator(workload(), 0)
