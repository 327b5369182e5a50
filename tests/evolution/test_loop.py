"""Searches with real trainings: the same rows however they are driven."""

import gc
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from evolution import loop
from evolution.candidate import Candidate, Evaluation, best
from evolution.errors import SearchOrderError
from evolution.evaluation import SerialEvaluator
from evolution.evolutionary_search import EvolutionarySearch
from evolution.loop import Evaluated, Proposed, SearchEvent, Waiting, run_search
from evolution.random_search import RandomSearch
from evolution.search import Budget
from evolution.virtual_clock_search import VirtualClockSearch
from tests.evolution.builders import SPACE, TRAINING, blobs, candidate
from tests.evolution.drivers import answer

DATA = blobs()


def search(evaluations: int = 40, parallelism: int = 5) -> EvolutionarySearch:
    budget = Budget(evaluations=evaluations)
    return EvolutionarySearch(SPACE, TRAINING, rows=len(DATA.train), seed=2, parallelism=parallelism, budget=budget)


class ShuffledEvaluator(SerialEvaluator):
    """Finishes what it has in random order, several at a time, and sometimes nothing."""

    def __init__(self, seed: int) -> None:
        super().__init__(DATA)
        self.order = Random(seed)

    def wait(self, timeout: float) -> list[Evaluation]:
        self.order.shuffle(self._waiting)
        count = self.order.randrange(3)
        return [evaluation for _ in range(count) for evaluation in super(ShuffledEvaluator, self).wait(timeout)]


class AnsweringEvaluator(SerialEvaluator):
    """Answers without a training."""

    def wait(self, timeout: float) -> list[Evaluation]:
        return [answer(self._waiting.popleft())]


def outcomes(evaluations: Sequence[Evaluation]) -> list[object]:
    return [one.outcome() for one in sorted(evaluations, key=lambda one: one.candidate.number)]


def evaluated(events: Iterator[SearchEvent]) -> list[Evaluation]:
    return [event.evaluation for event in events if isinstance(event, Evaluated)]


@pytest.fixture(scope="module")
def serial() -> list[Evaluation]:
    return evaluated(run_search(search(), SerialEvaluator(DATA)))


def test_a_search_trains_its_whole_budget(serial: list[Evaluation]) -> None:
    winner = best(serial)

    assert len(serial) == 40
    assert winner is not None
    assert winner.fitness is not None
    assert winner.fitness > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_completions_give_the_same_rows(serial: list[Evaluation], seed: int) -> None:
    rows = evaluated(run_search(search(), ShuffledEvaluator(seed)))

    assert outcomes(rows) == outcomes(serial)


def test_a_kill_after_every_event_gives_the_same_rows(serial: list[Evaluation]) -> None:
    """The stored rows are all that survives; each life of the loop ends after one more evaluation."""
    candidates: list[Candidate] = []
    rows: list[Evaluation] = []
    lives = 0
    while True:
        lives += 1
        running = search()
        running.resume(candidates, rows)
        known = {row.candidate.number for row in rows}
        pending = [one for one in candidates if one.number not in known]
        events = run_search(running, ShuffledEvaluator(lives), pending)
        for event in events:
            if isinstance(event, Proposed):
                candidates.append(event.candidate)
            if isinstance(event, Evaluated):
                rows.append(event.evaluation)
                events.close()
        if running.done:
            break

    assert lives == 41
    assert outcomes(rows) == outcomes(serial)


def test_a_kill_right_after_a_proposal_was_stored_loses_nothing(serial: list[Evaluation]) -> None:
    candidates: list[Candidate] = []
    for event in run_search(search(), SerialEvaluator(DATA)):
        if isinstance(event, Proposed):
            candidates.append(event.candidate)
            break
    running = search()
    running.resume(candidates, [])
    rows = evaluated(run_search(running, SerialEvaluator(DATA), candidates))

    assert outcomes(rows) == outcomes(serial)


def test_every_proposal_is_announced_before_it_is_submitted() -> None:
    evaluator = SerialEvaluator(DATA)
    announced = 0
    for event in run_search(search(6, 3), evaluator):
        if isinstance(event, Proposed):
            assert event.candidate.number == announced
            announced += 1
        if isinstance(event, Waiting):
            assert evaluator.in_flight == event.in_flight > 0

    assert announced == 6
    assert evaluator.in_flight == 0


def test_every_result_is_announced_before_the_search_knows_it() -> None:
    running = search(3, 1)
    for event in run_search(running, SerialEvaluator(DATA)):
        if isinstance(event, Evaluated):
            assert not running.done

    assert running.done


def test_closing_the_loop_drops_what_is_in_flight() -> None:
    evaluator = SerialEvaluator(DATA)
    events = run_search(search(), evaluator)
    while not isinstance(next(events), Waiting):
        pass

    assert evaluator.in_flight == 5
    events.close()

    assert evaluator.in_flight == 0


def test_forgotten_pending_candidates_are_noticed() -> None:
    running = search()
    running.resume([candidate(0)], [])
    events = run_search(running, SerialEvaluator(DATA))

    with pytest.raises(SearchOrderError, match="pending"):
        evaluated(events)


def test_the_rival_gets_as_many_epochs_as_evolution_spent(serial: list[Evaluation]) -> None:
    spent = sum(row.epochs for row in serial)

    def rival() -> VirtualClockSearch:
        return RandomSearch(SPACE, TRAINING, rows=len(DATA.train), seed=2, parallelism=5, budget=Budget(epochs=spent))

    rows = evaluated(run_search(rival(), SerialEvaluator(DATA)))

    assert sum(row.epochs for row in rows) >= spent
    assert outcomes(evaluated(run_search(rival(), ShuffledEvaluator(1)))) == outcomes(rows)


def test_a_finished_search_is_not_run_again(serial: list[Evaluation]) -> None:
    ordered = sorted(serial, key=lambda one: one.candidate.number)
    running = search()
    running.resume([row.candidate for row in ordered], serial)

    assert running.done
    assert list(run_search(running, SerialEvaluator(DATA))) == []


@pytest.mark.slow
@pytest.mark.parametrize("closed_early", [True, False])
def test_the_garbage_collector_need_not_walk_through_a_long_search(
    monkeypatch: pytest.MonkeyPatch, closed_early: bool
) -> None:
    monkeypatch.setattr(loop, "SETTLED", 10)
    rows: list[Evaluation] = []
    in_sight: list[int] = []
    events = run_search(search(40), AnsweringEvaluator(DATA))
    for event in events:
        if isinstance(event, Evaluated):
            rows.append(event.evaluation)
            if len(rows) == 25:
                walked = {id(each) for each in gc.get_objects()}
                in_sight = [number for number, row in enumerate(rows) if id(row) in walked]
                if closed_early:
                    events.close()

    assert in_sight == [20, 21, 22, 23, 24]
    assert gc.get_freeze_count() == 0
