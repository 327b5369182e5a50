import sys
from dataclasses import replace

import numpy as np
import pytest

from core.memory import training_bytes
from evolution.candidate import Evaluation
from evolution.errors import InvalidSearch
from evolution.evaluation import SerialEvaluator, evaluate_candidate
from evolution.evolutionary_search import EvolutionarySearch
from evolution.limits import NO_LIMITS, OUT_OF_MEMORY, Limits
from evolution.loop import Evaluated, run_search
from evolution.memory_guard import memory_guard
from evolution.search import Budget
from tests.evolution.builders import SPACE, TRAINING, blobs, candidate

DATA = blobs()
LONG = replace(TRAINING, epochs=100_000, schedule="constant")


@pytest.mark.parametrize("replicates", [1, 2])
def test_a_training_that_takes_too_long_fails_and_says_the_limit(replicates: int) -> None:
    endless = replace(candidate(), training=LONG, replicates=replicates)
    evaluation = evaluate_candidate(endless, DATA, Limits(seconds=0.05, epochs=LONG.epochs))

    assert evaluation.error == "timeout: the training was not over after 0.05 s"
    assert (evaluation.fitness, evaluation.epochs, evaluation.curve) == (None, 0, ())
    assert evaluation.seconds > 0


def test_a_rung_of_the_ladder_has_the_limit_too() -> None:
    rung = replace(candidate(), training=LONG, stop_after=LONG.epochs - 1)

    evaluation = evaluate_candidate(rung, DATA, Limits(seconds=0.05, epochs=LONG.epochs))

    assert evaluation.error is not None
    assert evaluation.error.startswith("timeout: ")


def test_longer_trainings_get_more_time_in_proportion() -> None:
    limits = Limits(seconds=2, epochs=3)

    assert limits.seconds_for(candidate()) == 2
    assert limits.seconds_for(replace(candidate(), training=replace(TRAINING, epochs=6))) == 4
    # A rung of the ladder is planned like the whole training.
    assert limits.seconds_for(replace(candidate(), training=replace(TRAINING, epochs=1))) == 2
    assert NO_LIMITS.seconds_for(candidate()) is None


def test_a_training_that_would_take_too_much_memory_is_not_begun() -> None:
    one = candidate(widths=(40,))
    needed = training_bytes(one.architecture, one.training, rows=len(DATA.train), validation_rows=len(DATA.validation))

    refused = evaluate_candidate(one, DATA, Limits(memory_bytes=needed - 1))

    assert refused.error == (f"out_of_memory: the training would take {needed:,} bytes, the limit is {needed - 1:,}")
    assert (refused.epochs, refused.seconds) == (0, 0.0)
    assert evaluate_candidate(one, DATA, Limits(memory_bytes=needed)).error is None


def test_limits_that_nothing_reaches_change_nothing() -> None:
    one = candidate(widths=(16,))

    assert (
        evaluate_candidate(one, DATA, Limits(seconds=600, memory_bytes=10**9, epochs=3)).outcome()
        == evaluate_candidate(one, DATA).outcome()
    )


def test_a_search_goes_on_after_a_failure_and_resumes_to_the_same_rows() -> None:
    """Which candidates memory refuses follows from them alone: a search is the same whatever trains it, and when."""
    limits = Limits(memory_bytes=135_000)

    def search() -> EvolutionarySearch:
        budget = Budget(evaluations=30)
        return EvolutionarySearch(SPACE, TRAINING, rows=len(DATA.train), seed=2, parallelism=6, budget=budget)

    def run(started: EvolutionarySearch) -> list[Evaluation]:
        with SerialEvaluator(DATA, limits) as evaluator:
            return [one.evaluation for one in run_search(started, evaluator) if isinstance(one, Evaluated)]

    whole = sorted(run(search()), key=lambda one: one.candidate.number)
    failed = [one for one in whole if one.error is not None]
    half = whole[:15]
    resumed = search()
    resumed.resume([one.candidate for one in half], half)

    assert 0 < len(failed) < 30
    both = sorted([*half, *run(resumed)], key=lambda one: one.candidate.number)
    assert [one.outcome() for one in both] == [one.outcome() for one in whole]


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"seconds": -1}, {"memory_bytes": 0}, {"epochs": 0}])
def test_limits_of_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidSearch):
        Limits(**wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="the guard is Linux's")
def test_the_guard_stops_what_leaks_and_lets_go_afterwards() -> None:
    kept: list[object] = []
    with pytest.raises(MemoryError), memory_guard(2**20):
        kept.extend(np.ones(2**20, np.uint8) for _ in range(2_000))

    assert 60 < len(kept) < 200
    kept.clear()
    assert len(np.ones(2**28, np.uint8)) == 2**28


def test_without_a_limit_the_guard_does_nothing() -> None:
    with memory_guard(None):
        assert np.ones(2**20).sum() == 2**20


def test_the_errors_begin_with_a_word_to_branch_on() -> None:
    assert OUT_OF_MEMORY.startswith("out_of_memory: ")
